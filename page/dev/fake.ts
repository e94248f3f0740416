/**
 * A server of invented answers, for building views with `npm run dev`. It is never shipped.
 *
 * It follows the contract in shape, not in truth: its numbers do not add up over all answers.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Plugin } from "vite";

import type {
  Accounts,
  Answers,
  Batch,
  Change,
  Hour,
  Meta,
  Named,
  Snapshot,
  State,
} from "../src/api/answers.ts";

const HOUR_MS = 3_600_000;
const FIRST = Date.UTC(2026, 7, 1);
const STARTED = Date.now();
const TYPES: readonly (readonly [string, string, number])[] = [
  ["Passing Call", "Officer-initiated", 17.4],
  ["Traf Violation Cite", "Traffic and parking", 12.4],
  ["Traffic Stop", "Traffic and parking", 6.8],
  ["Suspicious Person", "Suspicion", 5.2],
  ["Trespasser", "Suspicion", 3.8],
  ["Homeless Complaint", "Disturbance and noise", 3.3],
  ["Well Being Check", "Welfare and medical", 3.1],
  ["Audible Alarm", "Alarms", 2.8],
  ["Fight No Weapon", "Disturbance and noise", 2.6],
  ["Noise Nuisance", "Disturbance and noise", 2.4],
  ["Petty Theft", "Property", 2.2],
  ["Auto Boost / Strip", "Property", 2.1],
  ["Burglary", "Property", 1.8],
  ["Assault / Battery", "Violence and threats", 1.6],
  ["Threats / Harassment", "Violence and threats", 1.2],
  ["Meet W/Citizen", "Administrative", 1.1],
  ["<img src=x onerror=alert(1)>", "Notes without a standard type", 0.4],
  ["=HYPERLINK(\"x\") \u202Eevil\u202C long long label without an end that somebody typed while the line was open", "Notes without a standard type", 0.3],
  ["Poss", "Notes without a standard type", 0.3],
];
const DISPOSITIONS: readonly (readonly [string, string, boolean, number])[] = [
  ["HAN", "Handled", true, 28],
  ["GOA", "Gone on arrival", true, 11],
  ["Not recorded", "No disposition was entered.", false, 11],
  ["ADV", "Advised", true, 10],
  ["CIT", "Cited", true, 9],
  ["REP", "Report", true, 8.5],
  ["UTL", "Unable to locate", true, 4.5],
  ["ND", "No disposition", true, 4],
  ["NOM", "No merit", true, 3.8],
  ["CAN", "Cancel", true, 3.3],
  ["ARR", "Arrest", true, 0.8],
  ["OTS", "Not in the city's table.", false, 0.3],
  ["GEN", "Not in the city's table.", false, 0.2],
  ["FIR", "Not in the city's table.", false, 0.1],
];

function noise(seed: number): number {
  const x = Math.sin(seed * 12.9898) * 43_758.5453;
  return x - Math.floor(x);
}

const batchNow = (): number => Math.floor((Date.now() - STARTED) / 1000) + 500;
/** Virtual time: four minutes a second, from 58 days after the first call. */
const nowMs = (): number => FIRST + 58 * 24 * HOUR_MS + 11 * HOUR_MS + (batchNow() - 500) * 240_000;
const wall = (ms: number): string => new Date(ms).toISOString().slice(0, 19);
const hourOf = (ms: number): number => Math.floor(ms / HOUR_MS) * HOUR_MS;

function expected(ms: number): number {
  const time = new Date(ms);
  const swing = Math.sin(((time.getUTCHours() - 9) / 24) * 2 * Math.PI);
  return 85 + 38 * swing + (time.getUTCDay() % 6 === 0 ? -8 : 4);
}

function callsOf(ms: number): number {
  const seed = ms / HOUR_MS;
  const odd = noise(seed + 5) > 0.965 ? (noise(seed) > 0.4 ? 1.6 : 0.45) : 1;
  return Math.max(0, Math.round(expected(ms) * odd + (noise(seed) - 0.5) * 18));
}

function hourAt(ms: number): Hour {
  const running = hourOf(nowMs()) === ms;
  const all = callsOf(ms);
  const median = Math.round(expected(ms));
  const known = Math.min(8, Math.floor((ms - FIRST) / (7 * 24 * HOUR_MS)));
  const high = all > median + 26;
  const low = all < median - 26;
  const part = running ? (nowMs() - ms) / HOUR_MS : 1;
  return {
    hour: wall(ms),
    calls: Math.round(all * part),
    state: running ? "so_far" : "complete",
    usual: known < 3 ? null : { median, low: median - 6.5, high: median + 7.25, n: known },
    stands_out: running || known < 3 ? null : high ? "high" : low ? "low" : null,
  };
}

function meta(): Meta {
  return {
    generation: 1,
    batch: batchNow(),
    as_of: wall(nowMs()),
    committed_at: new Date().toISOString(),
    source: "synthetic city (seed 1)",
    synthetic: true,
    window_minutes: 60,
  };
}

function state(): State {
  const at = batchNow();
  const stale = at % 90 > 80;
  return {
    state: stale ? "stale" : "live",
    since: stale ? new Date().toISOString() : null,
    reason: stale
      ? "The broker is down: it was killed by signal 9."
      : "A job writes to the store.",
    job_started_at: new Date(STARTED).toISOString(),
    job_seen_at: new Date().toISOString(),
    starts: 3,
    lag: 1200 + Math.round(noise(at) * 400),
    lag_by_partition: { 0: 400, 1: 410, 2: 390 },
    lag_reason: null,
    run_started_at: new Date(STARTED).toISOString(),
    parts: ["broker", "producer", "stream"].map((name) => ({
      name,
      state: stale && name === "broker" ? "down" : "up",
      since: new Date(stale && name === "broker" ? Date.now() : STARTED).toISOString(),
      restarts: name === "broker" ? 2 : 0,
      reason: name === "broker" ? "was killed by signal 9" : "",
    })),
  };
}

function accounts(): Accounts {
  const read = 120_000 + batchNow() * 37;
  const duplicate = Math.floor(read / 900);
  const late = Math.floor(read / 4000);
  const rejected = Math.floor(read / 7000);
  return { read, counted: read - duplicate - late - rejected, duplicate, late, rejected, gaps: 2 };
}

const REASONS = { "bad-call-id": 9, "not-json": 5, "too-large": 1 };

function batchAt(at: number): Batch {
  const duration = 380 + Math.round(noise(at) * 300);
  return {
    batch: at,
    started_at: new Date(STARTED + (at - 501) * 1000).toISOString(),
    duration_ms: duration,
    input_rows: 900 + Math.round(noise(at + 1) * 300),
    input_rows_per_s: 1000 + noise(at + 2) * 200,
    processed_rows_per_s: 2200 + noise(at + 3) * 300,
    phases_ms: {
      latestOffset: 12,
      queryPlanning: 18,
      walCommit: 20,
      addBatch: Math.round(duration * 0.8),
      commitOffsets: 15,
    },
    lag: 1200,
    lag_by_partition: { 0: 400, 1: 410, 2: 390 },
  };
}

function changesOf(at: number, many: number): Change[] {
  return Array.from({ length: many }, (_, index) => {
    const pick = TYPES[Math.floor(noise(at * 31 + index) ** 1.5 * TYPES.length)] ?? TYPES[0];
    const end = DISPOSITIONS[Math.floor(noise(at * 17 + index) ** 2 * DISPOSITIONS.length)];
    const name = pick?.[0] ?? "";
    return {
      batch: at,
      committed_at: new Date(STARTED + (at - 500) * 1000).toISOString(),
      window: wall(hourOf(nowMs() - index * 200_000)),
      type: name,
      label: index % 5 === 0 ? `${name.toUpperCase()} ` : name,
      disposition: end?.[0] ?? "HAN",
      added: 1 + Math.floor(noise(index + at) * 3),
      calls: 3 + Math.floor(noise(index) * 30),
    };
  });
}

function snapshot(): Snapshot {
  const last = hourOf(nowMs());
  return {
    meta: meta(),
    state: state(),
    accounts: accounts(),
    batches: batchNow(),
    rejected_by_reason: REASONS,
    last_batch: batchAt(batchNow()),
    hours: [last - 2 * HOUR_MS, last - HOUR_MS, last].map(hourAt),
    changes: changesOf(batchNow(), 6),
    changes_left_out: 4,
  };
}

type Query = URLSearchParams;

function spanOf(query: Query, hours: number): { since: string; until: string } {
  const end = hourOf(nowMs()) + HOUR_MS;
  const until = query.get("until") ?? wall(end);
  return { since: query.get("since") ?? wall(end - hours * HOUR_MS), until };
}

function hoursBetween(since: string, until: string): number[] {
  const from = Math.max(FIRST, Date.parse(`${since.slice(0, 10)}T00:00:00Z`));
  const to = Math.min(hourOf(nowMs()), Date.parse(`${until.slice(0, 10)}T23:00:00Z`));
  return Array.from({ length: Math.max(0, (to - from) / HOUR_MS + 1) }, (_, i) => from + i * HOUR_MS);
}

function named(name: string, calls: number, total: number): Named {
  const before = Math.round(calls * (0.8 + noise(name.length) * 0.5));
  return {
    name,
    calls,
    share: total === 0 ? 0 : calls / total,
    before,
    change: before < 20 ? null : calls / before - 1,
  };
}

function names(query: Query): Answers["/names"] {
  const { since, until } = spanOf(query, 24);
  const [category, type] = [query.get("category"), query.get("type")];
  const total = 1960 + (batchNow() % 60);
  const sums = new Map<string, number>();
  for (const [name, of, weight] of TYPES) {
    if (category !== null && of !== category) continue;
    if (type !== null && name !== type) continue;
    const key = category !== null ? name : type !== null ? name : of;
    sums.set(key, (sums.get(key) ?? 0) + Math.round((weight / 69) * total));
  }
  let list = [...sums].map(([name, calls]) => named(name, calls, total));
  if (type !== null)
    list = list.flatMap((one) => [one, named(one.name.toUpperCase(), 17, total), named("22500e", 4, total)]);
  return {
    meta: meta(),
    since,
    until,
    level: type !== null ? "label" : category !== null ? "type" : "category",
    category,
    type,
    calls: list.reduce((sum, one) => sum + one.calls, 0) + 12,
    names: list.sort((a, b) => b.calls - a.calls),
    left_out: 7,
    left_out_calls: 12,
  };
}

function matrix(query: Query): Answers["/matrix"] {
  const { since, until } = spanOf(query, 24);
  const category = query.get("category");
  const rows = TYPES.filter(([, of]) => category === null || of === category).map(([type, , weight]) => {
    const by = DISPOSITIONS.map(([, , , part]) => Math.round((weight * part * (0.4 + noise(weight + part))) / 6));
    return { type, calls: by.reduce((a, b) => a + b, 0), by_disposition: by };
  });
  const dispositions = DISPOSITIONS.map(([code, meaning, official], index) => ({
    code,
    meaning,
    official,
    calls: rows.reduce((sum, row) => sum + (row.by_disposition[index] ?? 0), 0),
  }));
  return {
    meta: meta(),
    since,
    until,
    category,
    dispositions,
    rows: [...rows, { type: "other types", calls: 40, by_disposition: dispositions.map(() => 3) }],
    left_out: 31,
    calls: rows.reduce((sum, row) => sum + row.calls, 0),
    unofficial_calls: dispositions.filter((one) => !one.official).reduce((sum, one) => sum + one.calls, 0),
    not_recorded_calls: dispositions[2]?.calls ?? 0,
  };
}

function add(table: number[][], row: number, column: number, value: number): void {
  const cells = table[row];
  if (cells) cells[column] = (cells[column] ?? 0) + value;
}

function heat(query: Query): Answers["/heat"] {
  const { since, until } = spanOf(query, 24 * 56);
  const calls = Array.from({ length: 7 }, () => Array.from({ length: 24 }, () => 0));
  const hours = Array.from({ length: 7 }, () => Array.from({ length: 24 }, () => 0));
  for (const ms of hoursBetween(since, until)) {
    const time = new Date(ms);
    const [row, column] = [(time.getUTCDay() + 6) % 7, time.getUTCHours()];
    add(calls, row, column, callsOf(ms));
    add(hours, row, column, 1);
  }
  return { meta: meta(), since, until, category: query.get("category"), type: query.get("type"), calls, hours };
}

function days(query: Query): Answers["/days"] {
  const { since, until } = spanOf(query, 24 * 56);
  const sums = new Map<string, number>();
  for (const ms of hoursBetween(since, until)) {
    const name = wall(ms).slice(0, 10);
    sums.set(name, (sums.get(name) ?? 0) + callsOf(ms));
  }
  const list = [...sums].map(([name, calls], index) => ({
    day: name,
    calls,
    complete: index > 0 && index < sums.size - 1,
  }));
  return { meta: meta(), since, until, category: query.get("category"), type: query.get("type"), days: list };
}

function compared(name: string, weight: number): Answers["/comparison"]["total"] {
  const calls = Math.round(weight * 70);
  const other = Math.round(calls * (0.75 + noise(weight) * 0.5));
  return {
    name,
    calls,
    per_day: calls / 7,
    other_calls: other,
    other_per_day: other / 7,
    change: calls < 20 || other < 20 ? null : calls / other - 1,
  };
}

function comparison(query: Query): Answers["/comparison"] {
  const { since, until } = spanOf(query, 168);
  const categories = new Map<string, number>();
  for (const [, of, weight] of TYPES) categories.set(of, (categories.get(of) ?? 0) + weight);
  return {
    meta: meta(),
    since,
    until,
    other_since: query.get("other_since") ?? wall(Date.parse(`${since.slice(0, 13)}:00:00Z`) - 168 * HOUR_MS),
    other_until: query.get("other_until") ?? since,
    days: 7,
    other_days: 7,
    total: compared("all calls", 196),
    categories: [...categories].map(([name, weight]) => compared(name, weight)),
    types: TYPES.map(([name, , weight]) => compared(name, weight)),
  };
}

const METHOD_IDS = "hours usual stands_out names matrix heat days comparison change changes accounts rejected late lag rates batch state audit span".split(
  " ",
);

const paths: { readonly [P in Exclude<keyof Answers, `/records/${string}`>]: (query: Query) => Answers[P] } = {
  "/overview": () => ({
    meta: meta(),
    state: state(),
    accounts: accounts(),
    batches: batchNow(),
    rejected_by_reason: REASONS,
    partitions: [0, 1, 2].map((partition) => ({ partition, start: 0, end: 40_000 + batchNow() * 12, counted: 39_800, late: 10, rejected: 5 })),
    last_batch: batchAt(batchNow()),
    spark_ui: "http://127.0.0.1:4040",
  }),
  "/span": () => ({ meta: meta(), first_hour: wall(FIRST), last_hour: wall(hourOf(nowMs())), calls: accounts().counted }),
  "/hours": (query) => {
    const many = Number(query.get("count") ?? 48);
    const at = query.get("at");
    const last = at === null ? hourOf(nowMs()) : Date.parse(`${at.slice(0, 13)}:00:00Z`);
    return { meta: meta(), hours: Array.from({ length: many }, (_, i) => hourAt(last - (many - 1 - i) * HOUR_MS)) };
  },
  "/stand-outs": (query) => {
    const { since, until } = spanOf(query, 24 * 28);
    const all = hoursBetween(since, until).map(hourAt);
    return { meta: meta(), since, until, hours: all.filter((one) => one.stands_out !== null).reverse(), left_out: 0, compared: all.length };
  },
  "/names": names,
  "/matrix": matrix,
  "/heat": heat,
  "/days": days,
  "/comparison": comparison,
  "/changes": (query) => ({ meta: meta(), changes: changesOf(batchNow(), Number(query.get("limit") ?? 100)), left_out: 12 }),
  "/batches": (query) => {
    const many = Number(query.get("limit") ?? 200);
    return { meta: meta(), batches: Array.from({ length: many }, (_, i) => batchAt(batchNow() - many + 1 + i)) };
  },
  "/rejected": () => ({
    meta: meta(),
    records: Object.keys(REASONS).map((reason, i) => ({ partition: i, offset: 1234 + i, reason, rule: "The call id is not a whole number." })),
    next: "1:1235",
    dropped: 0,
    kept_from: {},
  }),
  "/late": () => ({
    meta: meta(),
    records: [{ partition: 0, offset: 77, call_time: "2026-09-01T10:00:00", published_at: "2026-09-10T11:00:00Z", late_by_s: 777_600 }],
    next: null,
    dropped: 0,
    kept_from: {},
  }),
  "/settings": () => ({
    from_job: true,
    settings: ["spark.trigger", "spark.max_offsets", "kafka.partitions"].map((name) => ({
      name,
      value: "1",
      default: "1",
      description: "An invented setting.",
      lab: name === "spark.trigger" ? "A shorter trigger made latency 0.8 times the base's." : null,
    })),
  }),
  "/audit": () => ({
    audit: { equal: true, audited_at: new Date(STARTED - 600_000).toISOString(), generation: 1, batch: 480, cells: 40_070, differing: 0, accounts: accounts() },
    batches_since: batchNow() - 480,
  }),
  "/methods": () => ({
    methods: METHOD_IDS.map((id) => ({
      id,
      title: `How ${id} is counted`,
      text: [`An invented text about ${id}, of some length, so that it wraps in a dialog as a true one does.`, "A second paragraph."],
      rule: `docs/methods.md#${id}`,
      check: "sfcrime audit",
    })),
  }),
};

function sendJson(response: ServerResponse, body: unknown, request: IncomingMessage): void {
  const text = JSON.stringify(body);
  const etag = `"${batchNow()}-${text.length}"`;
  response.setHeader("ETag", etag);
  response.setHeader("Cache-Control", "no-cache");
  if (request.headers["if-none-match"] === etag) {
    response.statusCode = 304;
    response.end();
    return;
  }
  response.setHeader("Content-Type", "application/json");
  response.end(text);
}

function sendEvents(response: ServerResponse): void {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  response.write("retry: 1000\n\n");
  const send = (): void => {
    response.write(`event: snapshot\nid: 1.${batchNow()}.0\ndata: ${JSON.stringify(snapshot())}\n\n`);
  };
  send();
  const timer = setInterval(send, 1000);
  response.on("close", () => {
    clearInterval(timer);
  });
}

function answer(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  const url = new URL(request.url ?? "/", "http://localhost");
  if (url.pathname === "/healthz") {
    response.end("ok");
    return;
  }
  if (!url.pathname.startsWith("/api/v1/")) {
    next();
    return;
  }
  const path = url.pathname.slice("/api/v1".length);
  if (path === "/events") {
    sendEvents(response);
  } else if (path.startsWith("/records/")) {
    const [partition, offset] = path.split("/").slice(2).map(Number);
    sendJson(response, { partition, offset, found: true, size: 51, escaped: '{"crime_id": "unknown", "x": "\\x00\\xff<b>"}', cut: false }, request);
  } else if (path in paths) {
    sendJson(response, paths[path as keyof typeof paths](url.searchParams), request);
  } else {
    response.statusCode = 404;
    sendJson(response, { error: "not_found", message: "There is no such answer.", next_step: null }, request);
  }
}

export function fakeServer(): Plugin {
  return {
    name: "invented-answers",
    apply: "serve",
    configureServer(server) {
      server.middlewares.use(answer);
    },
  };
}
