/** One sentence for each figure of the pipeline, for somebody who sees a stream for the first time. */

export const EXPLAINED = {
  state:
    "Live means that no part that counts is down, and that a job wrote to the store within the last 15 seconds and is getting on with what is in the topic; otherwise the figures are stale, and stay true as of the newest batch.",
  parts:
    "A part that is down is started again by itself (an outside Kafka cluster is waited for) and goes on where it stopped, so a restart changes no number.",
  unsupervised:
    "Nobody supervises the parts at the moment: sfcrime run does, and sfcrime stream looks after its own job.",
  lag: "Lag is how many records of the topic no batch has read yet: near 0 the stream keeps up, rising it does not, and after a start it falls while a backlog is worked through.",
  rates:
    "“Coming in” is how many records a second waited for the batch; “worked through” is how many a second the batch managed while it ran, so the stream keeps up as long as that line is the higher one.",
  reading:
    "Where the time of a batch goes, as Spark reports it, the phases one on top of the other: the highest line is the whole batch, from its plan to its end.",
  storing:
    "A second thread proves, counts and commits a batch while Spark reads the next one already, so this time comes beside the batch’s own and not on top of it.",
  newest:
    "The newest call on San Francisco’s wall clock (event time) against the clock at which its batch was committed (processing time): a replay moves many hours of calls in a minute, a live feed one minute a minute.",
  watermark:
    "There is no watermark in this query: the repeats it has to know are looked up in the store, so order never matters and no call is too old to be seen as a repeat.",
  emptyWindow:
    "In the classic exercise the result of a window can stay empty, because a windowed count in append mode is put out only once the watermark (the newest call time minus the allowed delay) has passed the window’s end; with few records, or a file that begins with its newest call, that moment never comes or comes after every later record was dropped as too old.",
  accounts:
    "Each record that was read has exactly one outcome, and the four add up: read = counted + duplicate + late + rejected.",
  gaps: "Gaps are offsets that hold no record, such as markers of transactions; they are counted, so that no offset goes without an account.",
  partitions:
    "A partition is a part of the topic with an order of its own: every offset from its start to its end was read and is accounted for.",
  starts:
    "How often a job was started on this store; each start reads on where the ledger ends, so a restart changes no number.",
  kept: "Spark keeps no state for this query: what has to be remembered is in the store, written in the same transaction as the counts.",
  settings:
    "The settings in force, and what the tuning lab (sfcrime tune) found when it changed one at a time.",
  audit:
    "An audit reads the whole topic again with other code, counts by itself and compares every cell; its verdict holds for the batches up to its own.",
  asideRejected:
    "Records that broke a rule, by the first rule they broke; they are kept by partition and offset, so their bytes can be shown again from Kafka.",
  asideLate:
    "Valid records that were published more than the allowed lateness after their call; they are kept by partition and offset and not counted.",
} as const;

/** What each outcome means. */
export const OUTCOMES = {
  counted: "It added 1 to its cell.",
  duplicate: "The same call (its number, time and stage) had been counted before.",
  late: "It is valid, but was published more than the allowed lateness after its call.",
  rejected: "It breaks a rule; the first one it breaks is the reason.",
} as const;

/** What a spread of lag between partitions looks like in words. */
export function lagSentence(lag: number | null, reason: string | null): string {
  if (lag === null) return reason === null ? "Not known." : `Not known: ${reason.replace(/\.$/, "")}.`;
  if (lag === 0) return "Every record of the topic is accounted for.";
  const records = lag === 1 ? "1 record waits" : `${lag.toLocaleString("en-US")} records wait`;
  return `${records} to be read.`;
}

/** How fast event time moves, against a clock. */
export function paceSentence(pace: number | null): string {
  if (pace === null) return "How fast the newest call moves is known after a few batches.";
  if (pace === 0) return "The newest call has not moved over the last minute of commits.";
  if (pace > 0.9 && pace < 1.1) return "Over the last minute of commits the newest call moved as fast as a clock.";
  const times = pace >= 10 ? Math.round(pace).toLocaleString("en-US") : pace.toFixed(1);
  return `Over the last minute of commits the newest call moved ${times} times as fast as a clock.`;
}

/** Of an audit: what it found and how far it still holds. */
export function verdictSentence(equal: boolean, differing: number, batchesSince: number | null): string {
  const found = equal
    ? "Equal: the recount and the store agree in every cell."
    : `Different: ${differing.toLocaleString("en-US")} ${differing === 1 ? "cell differs" : "cells differ"} from the recount.`;
  if (batchesSince === null) return `${found} It is of another count than the one shown.`;
  if (batchesSince === 0) return `${found} No batch was committed since.`;
  const many = batchesSince === 1 ? "1 batch was" : `${batchesSince.toLocaleString("en-US")} batches were`;
  return `${found} ${many} committed since, which it says nothing about.`;
}
