BEGIN TRANSACTION;
CREATE TABLE batch (
	generation_id INTEGER NOT NULL, 
	batch_id BIGINT NOT NULL, 
	read BIGINT NOT NULL, 
	counted BIGINT NOT NULL, 
	duplicate BIGINT NOT NULL, 
	late BIGINT NOT NULL, 
	rejected BIGINT NOT NULL, 
	gaps BIGINT NOT NULL, 
	newest_call_us BIGINT, 
	committed_ms BIGINT NOT NULL, 
	PRIMARY KEY (generation_id, batch_id), 
	CONSTRAINT batch_adds_up CHECK (read = counted + duplicate + late + rejected), 
	FOREIGN KEY(generation_id) REFERENCES generation (id)
)
 WITHOUT ROWID

;
INSERT INTO "batch" VALUES(1,0,11,7,1,1,2,1,1538474460000000,1796016578513);
INSERT INTO "batch" VALUES(1,1,4,3,0,0,1,0,1538474430000000,1796016578578);
CREATE TABLE batch_range (
	generation_id INTEGER NOT NULL, 
	batch_id BIGINT NOT NULL, 
	partition INTEGER NOT NULL, 
	start_offset BIGINT NOT NULL, 
	end_offset BIGINT NOT NULL, 
	counted BIGINT NOT NULL, 
	late BIGINT NOT NULL, 
	rejected BIGINT NOT NULL, 
	PRIMARY KEY (generation_id, batch_id, partition), 
	FOREIGN KEY(generation_id) REFERENCES generation (id)
)
 WITHOUT ROWID

;
INSERT INTO "batch_range" VALUES(1,0,0,0,7,4,1,1);
INSERT INTO "batch_range" VALUES(1,0,1,10,15,3,0,1);
INSERT INTO "batch_range" VALUES(1,1,0,7,11,3,0,1);
INSERT INTO "batch_range" VALUES(1,1,1,15,15,0,0,0);
CREATE TABLE call_type (
	id INTEGER NOT NULL, 
	label TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (label)
);
INSERT INTO "call_type" VALUES(1,'Traf Violation Cite');
INSERT INTO "call_type" VALUES(2,'Passing Call');
INSERT INTO "call_type" VALUES(3,'Noise Nuisance');
CREATE TABLE cell (
	generation_id INTEGER NOT NULL, 
	window_s BIGINT NOT NULL, 
	call_type_id INTEGER NOT NULL, 
	disposition_id INTEGER NOT NULL, 
	calls BIGINT NOT NULL CHECK (calls > 0), 
	PRIMARY KEY (generation_id, window_s, call_type_id, disposition_id)
)
 WITHOUT ROWID

;
INSERT INTO "cell" VALUES(1,1538470800,1,1,3);
INSERT INTO "cell" VALUES(1,1538470800,2,2,1);
INSERT INTO "cell" VALUES(1,1538470800,2,3,1);
INSERT INTO "cell" VALUES(1,1538474400,2,2,3);
INSERT INTO "cell" VALUES(1,1538474400,3,4,2);
CREATE TABLE current_generation (
	slot INTEGER NOT NULL CHECK (slot = 1), 
	generation_id INTEGER NOT NULL, 
	PRIMARY KEY (slot), 
	FOREIGN KEY(generation_id) REFERENCES generation (id)
);
INSERT INTO "current_generation" VALUES(1,1);
CREATE TABLE disposition (
	id INTEGER NOT NULL, 
	code TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (code)
);
INSERT INTO "disposition" VALUES(1,'CIT');
INSERT INTO "disposition" VALUES(2,'HAN');
INSERT INTO "disposition" VALUES(3,'22');
INSERT INTO "disposition" VALUES(4,'OTS');
CREATE TABLE generation (
	id INTEGER NOT NULL, 
	topic TEXT NOT NULL, 
	topic_id TEXT NOT NULL, 
	lateness_s BIGINT, 
	window_minutes INTEGER NOT NULL, 
	rules_version INTEGER NOT NULL, 
	source_name TEXT NOT NULL, 
	source_title TEXT NOT NULL, 
	synthetic BOOLEAN NOT NULL, 
	created_ms BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "generation" VALUES(1,'org.sf.police.calls','yV3m0r0nQ0m2f8q1l5XbXA',604800,60,2,'synthetic:seed=1:start=2018-10-02','synthetic city',1,1700000000000);
CREATE TABLE identity_block (
	id INTEGER NOT NULL, 
	generation_id INTEGER NOT NULL, 
	level INTEGER NOT NULL CHECK (level >= 0), 
	first_time_key BIGINT NOT NULL, 
	first_call_id BIGINT NOT NULL, 
	last_time_key BIGINT NOT NULL, 
	last_call_id BIGINT NOT NULL, 
	identities INTEGER NOT NULL CHECK (identities > 0), 
	packed BLOB NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(generation_id) REFERENCES generation (id)
);
INSERT INTO "identity_block" VALUES(1,1,0,6153883200000002,1,6153883200000002,7,7,X'00000101020202020202020000000000000000020202020202');
INSERT INTO "identity_block" VALUES(2,1,0,6153883200000002,8,6153883200000002,10,3,X'00000101020202000000000202');
CREATE TABLE late (
	generation_id INTEGER NOT NULL, 
	partition INTEGER NOT NULL, 
	record_offset BIGINT NOT NULL, 
	call_us BIGINT NOT NULL, 
	published_ms BIGINT NOT NULL, 
	batch_id BIGINT, 
	PRIMARY KEY (generation_id, partition, record_offset), 
	FOREIGN KEY(generation_id) REFERENCES generation (id)
)
 WITHOUT ROWID

;
INSERT INTO "late" VALUES(1,0,5,1537779600000000,1538500000000,0);
CREATE TABLE partition_ledger (
	generation_id INTEGER NOT NULL, 
	partition INTEGER NOT NULL, 
	start_offset BIGINT NOT NULL, 
	end_offset BIGINT NOT NULL, 
	counted BIGINT NOT NULL, 
	late BIGINT NOT NULL, 
	rejected BIGINT NOT NULL, 
	PRIMARY KEY (generation_id, partition), 
	CONSTRAINT partition_ledger_forward CHECK (start_offset <= end_offset), 
	FOREIGN KEY(generation_id) REFERENCES generation (id)
)
 WITHOUT ROWID

;
INSERT INTO "partition_ledger" VALUES(1,0,0,11,7,1,2);
INSERT INTO "partition_ledger" VALUES(1,1,10,15,3,0,1);
CREATE TABLE progress (
	generation_id INTEGER NOT NULL, 
	batch_id BIGINT NOT NULL, 
	started_ms BIGINT NOT NULL, 
	duration_ms BIGINT NOT NULL, 
	input_rows BIGINT NOT NULL, 
	input_rows_per_s FLOAT NOT NULL, 
	processed_rows_per_s FLOAT NOT NULL, 
	phases_ms TEXT NOT NULL, 
	lag_records BIGINT NOT NULL, 
	lag_by_partition TEXT NOT NULL, 
	PRIMARY KEY (generation_id, batch_id), 
	FOREIGN KEY(generation_id) REFERENCES generation (id)
)
 WITHOUT ROWID

;
CREATE TABLE rejected (
	generation_id INTEGER NOT NULL, 
	partition INTEGER NOT NULL, 
	record_offset BIGINT NOT NULL, 
	reason TEXT NOT NULL, 
	batch_id BIGINT, 
	PRIMARY KEY (generation_id, partition, record_offset), 
	FOREIGN KEY(generation_id) REFERENCES generation (id)
)
 WITHOUT ROWID

;
INSERT INTO "rejected" VALUES(1,0,4,'bad-call-id',0);
INSERT INTO "rejected" VALUES(1,0,10,'not-json',1);
INSERT INTO "rejected" VALUES(1,1,12,'not-json',0);
CREATE TABLE schema_version (
	version INTEGER NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "schema_version" VALUES(4);
CREATE TABLE set_aside (
	generation_id INTEGER NOT NULL, 
	partition INTEGER NOT NULL, 
	reason TEXT NOT NULL, 
	records BIGINT NOT NULL, 
	dropped BIGINT NOT NULL, 
	kept_from BIGINT NOT NULL, 
	PRIMARY KEY (generation_id, partition, reason), 
	CONSTRAINT set_aside_dropped CHECK (0 <= dropped AND dropped <= records), 
	FOREIGN KEY(generation_id) REFERENCES generation (id)
)
 WITHOUT ROWID

;
INSERT INTO "set_aside" VALUES(1,0,'bad-call-id',1,0,0);
INSERT INTO "set_aside" VALUES(1,0,'late',1,0,0);
INSERT INTO "set_aside" VALUES(1,0,'not-json',1,0,0);
INSERT INTO "set_aside" VALUES(1,1,'not-json',1,0,0);
CREATE TABLE totals (
	generation_id INTEGER NOT NULL, 
	batches BIGINT NOT NULL, 
	last_batch_id BIGINT, 
	read BIGINT NOT NULL, 
	counted BIGINT NOT NULL, 
	duplicate BIGINT NOT NULL, 
	late BIGINT NOT NULL, 
	rejected BIGINT NOT NULL, 
	gaps BIGINT NOT NULL, 
	committed_ms BIGINT, 
	newest_call_us BIGINT, 
	PRIMARY KEY (generation_id), 
	CONSTRAINT totals_adds_up CHECK (read = counted + duplicate + late + rejected), 
	FOREIGN KEY(generation_id) REFERENCES generation (id)
);
INSERT INTO "totals" VALUES(1,2,1,15,10,1,1,3,1,1796016578578,1538474460000000);
CREATE TABLE window_total (
	generation_id INTEGER NOT NULL, 
	window_s BIGINT NOT NULL, 
	calls BIGINT NOT NULL CHECK (calls > 0), 
	batch_id BIGINT NOT NULL, 
	PRIMARY KEY (generation_id, window_s), 
	FOREIGN KEY(generation_id) REFERENCES generation (id)
)
 WITHOUT ROWID

;
INSERT INTO "window_total" VALUES(1,1538470800,5,0);
INSERT INTO "window_total" VALUES(1,1538474400,5,1);
CREATE TABLE writer (
	slot INTEGER NOT NULL CHECK (slot = 1), 
	run_id TEXT NOT NULL, 
	started_ms BIGINT NOT NULL, 
	seen_ms BIGINT NOT NULL, 
	ended_ms BIGINT, 
	starts BIGINT NOT NULL, 
	facts TEXT NOT NULL, 
	PRIMARY KEY (slot)
);
INSERT INTO "writer" VALUES(1,'b25efe9b164d44ef89e280ceb18418be',1796016578235,1796016578235,1796016578584,1,'{}');
CREATE INDEX window_total_by_batch ON window_total (generation_id, batch_id);
COMMIT;
