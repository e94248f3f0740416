/** Questions to the API: typed, cancellable, and not sent twice for the same answer. */
import type { Answers, ErrorBody, Parameters, Path } from "./answers.ts";

const BASE = "/api/v1";
const KEPT_ANSWERS = 60;

/** What the server said in place of an answer, or that it could not be reached (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly nextStep: string | null = null,
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(message);
  }
}

/** The address of an answer: empty parameters are left out, the others sorted by name. */
export function addressOf(path: Path, parameters: Parameters = {}): string {
  const query = new URLSearchParams();
  for (const name of Object.keys(parameters).sort()) {
    const value = parameters[name];
    if (value !== null && value !== undefined && value !== "") query.set(name, String(value));
  }
  const text = query.toString();
  return text === "" ? BASE + path : `${BASE}${path}?${text}`;
}

interface Kept {
  readonly etag: string;
  readonly answer: unknown;
}

const kept = new Map<string, Kept>();

function keep(address: string, answer: Kept): void {
  kept.delete(address);
  kept.set(address, answer);
  const oldest = kept.keys().next();
  if (kept.size > KEPT_ANSWERS && oldest.done !== true) kept.delete(oldest.value);
}

async function errorOf(response: Response): Promise<ApiError> {
  const wait = Number(response.headers.get("Retry-After") ?? Number.NaN);
  const retryAfter = Number.isFinite(wait) ? wait : null;
  try {
    const body = (await response.json()) as ErrorBody;
    return new ApiError(
      response.status,
      body.error,
      body.message,
      body.next_step ?? null,
      retryAfter,
    );
  } catch {
    const message = `The server answered ${response.status} without an explanation.`;
    return new ApiError(response.status, "unknown", message, null, retryAfter);
  }
}

/**
 * Asks the API. An answer that has not changed (304) is the very object of the last time.
 *
 * @throws ApiError where the server gives no answer; an AbortError where `signal` ended it.
 */
export async function ask<P extends Path>(
  path: P,
  parameters: Parameters = {},
  signal?: AbortSignal,
): Promise<Answers[P]> {
  const address = addressOf(path, parameters);
  const known = kept.get(address);
  const headers: Record<string, string> = { Accept: "application/json" };
  if (known) headers["If-None-Match"] = known.etag;
  let response: Response;
  try {
    response = await fetch(address, {
      headers,
      credentials: "same-origin",
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "offline", "The server cannot be reached.", "Is sfcrime still running?");
  }
  if (response.status === 304 && known) {
    keep(address, known);
    return known.answer as Answers[P];
  }
  if (!response.ok) throw await errorOf(response);
  const answer = (await response.json()) as Answers[P];
  const etag = response.headers.get("ETag");
  if (etag !== null) keep(address, { etag, answer });
  return answer;
}
