/** The answers of the API by name, as its OpenAPI document gives them. */
import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];

export type Accounts = Schemas["Accounts"];
export type Audit = Schemas["Audit"];
export type Batch = Schemas["Batch"];
export type Batches = Schemas["Batches"];
export type Change = Schemas["Change"];
export type Changes = Schemas["Changes"];
export type Compared = Schemas["Compared"];
export type Comparison = Schemas["Comparison"];
export type Day = Schemas["Day"];
export type Days = Schemas["Days"];
export type Disposition = Schemas["Disposition"];
export type ErrorBody = Schemas["ErrorBody"];
export type Heat = Schemas["Heat"];
export type Hour = Schemas["Hour"];
export type Hours = Schemas["Hours"];
export type LastAudit = Schemas["LastAudit"];
export type LatePage = Schemas["LatePage"];
export type Matrix = Schemas["Matrix"];
export type MatrixRow = Schemas["MatrixRow"];
export type Meta = Schemas["Meta"];
export type Method = Schemas["Method"];
export type Methods = Schemas["Methods"];
export type Named = Schemas["Named"];
export type Names = Schemas["Names"];
export type Overview = Schemas["Overview"];
export type Part = Schemas["Part"];
export type RecordBytes = Schemas["RecordBytes"];
export type RejectedPage = Schemas["RejectedPage"];
export type SettingsInForce = Schemas["SettingsInForce"];
export type Snapshot = Schemas["Snapshot"];
export type Span = Schemas["Span"];
export type StandOuts = Schemas["StandOuts"];
export type State = Schemas["State"];
export type Usual = Schemas["Usual"];

/** What each path under /api/v1 answers with. */
export interface Answers {
  "/overview": Overview;
  "/span": Span;
  "/hours": Hours;
  "/stand-outs": StandOuts;
  "/names": Names;
  "/matrix": Matrix;
  "/heat": Heat;
  "/days": Days;
  "/comparison": Comparison;
  "/changes": Changes;
  "/batches": Batches;
  "/rejected": RejectedPage;
  "/late": LatePage;
  "/settings": SettingsInForce;
  "/audit": LastAudit;
  "/methods": Methods;
  [record: `/records/${number}/${number}`]: RecordBytes;
}

export type Path = keyof Answers;
export type Parameters = Readonly<Record<string, string | number | null | undefined>>;
