/** What is looked at, as the address says it: a link shows another reader the same. */
import { signal, type ReadonlySignal } from "@preact/signals";

export const VIEWS = ["now", "history", "pipeline", "trust"] as const;
export type View = (typeof VIEWS)[number];

export const VIEW_TITLES: Readonly<Record<View, string>> = {
  now: "Now",
  history: "History",
  pipeline: "Pipeline",
  trust: "Trust",
};

const WALL_HOUR = /^\d{4}-\d\d-\d\d(T\d\d:00)?$/;
const wallHour = (text: string): boolean => WALL_HOUR.test(text);
const label = (text: string): boolean => text !== "" && text.length <= 256;
const part = (text: string): boolean => text !== "" && text.length <= 100;
const number = (text: string): boolean => /^\d{1,15}$/.test(text);
const word = (text: string): boolean => /^[a-z0-9_-]{1,40}$/.test(text);

/** The parameters that an address may carry, each with what it may say. Others are dropped. */
const PARAMETERS = {
  since: wallHour,
  until: wallHour,
  other_since: wallHour,
  other_until: wallHour,
  at: wallHour,
  period: word,
  follow: word,
  compare: word,
  category: label,
  type: label,
  q: part,
  speed: number,
  reason: word,
  after: (text: string): boolean => /^\d{1,10}:\d{1,20}$/.test(text),
  record: (text: string): boolean => /^\d{1,10}:\d{1,20}$/.test(text),
  batches: number,
  show: word,
} as const;

export type Parameter = keyof typeof PARAMETERS;
export type Place = { readonly view: View } & Readonly<Partial<Record<Parameter, string>>>;
export type PlaceChange = { readonly view?: View } & Readonly<
  Partial<Record<Parameter, string | null>>
>;

const NAMES = Object.keys(PARAMETERS) as Parameter[];

/** Reads an address; what it may not say is left out, so a broken link shows the view at least. */
export function readPlace(pathname: string, search: string): Place {
  const name = pathname.replace(/^\/|\/$/g, "");
  const view = VIEWS.find((known) => known === name) ?? "now";
  const query = new URLSearchParams(search);
  const place: Partial<Record<Parameter, string>> = {};
  for (const parameter of NAMES) {
    const text = query.get(parameter);
    if (text !== null && PARAMETERS[parameter](text)) place[parameter] = text;
  }
  return { view, ...place };
}

/** The address of a place: what it says in one order, so that equal places have equal addresses. */
export function addressOfPlace(place: Place): string {
  const query = new URLSearchParams();
  for (const parameter of NAMES) {
    const text = place[parameter];
    if (text !== undefined && text !== "") query.set(parameter, text);
  }
  const text = query.toString().replaceAll("%3A", ":");
  const path = place.view === "now" ? "/" : `/${place.view}`;
  return text === "" ? path : `${path}?${text}`;
}

/** The place after a change. Another view starts with nothing but what the change names. */
export function changed(place: Place, change: PlaceChange): Place {
  const kept: Partial<Record<Parameter, string>> = {};
  const moved = change.view !== undefined && change.view !== place.view;
  for (const parameter of NAMES) {
    const wanted = change[parameter];
    const text = wanted === undefined && !moved ? place[parameter] : wanted;
    if (typeof text === "string" && text !== "") kept[parameter] = text;
  }
  return { view: change.view ?? place.view, ...kept };
}

const current = signal<Place>(readPlace(location.pathname, location.search));

/** Where the reader is. */
export const place: ReadonlySignal<Place> = current;

/** The address that a change leads to, for links. */
export function linkTo(change: PlaceChange): string {
  return addressOfPlace(changed(current.value, change));
}

/**
 * Goes there. `replace` leaves no step for the Back button: for typing and sliding, where each
 * step would be one too many.
 */
export function go(change: PlaceChange, how: "push" | "replace" = "push"): void {
  const next = changed(current.peek(), change);
  const address = addressOfPlace(next);
  if (address === addressOfPlace(current.peek())) return;
  if (how === "push") history.pushState(null, "", address);
  else history.replaceState(null, "", address);
  current.value = next;
}

/** Follows the Back and Forward buttons, and links between the views, without loading the page. */
export function followLinks(): void {
  addEventListener("popstate", () => {
    current.value = readPlace(location.pathname, location.search);
  });
  document.addEventListener("click", (event) => {
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
    if (!plain || event.defaultPrevented || !(link instanceof HTMLAnchorElement)) return;
    const outside = link.origin !== location.origin || link.target !== "" || link.hasAttribute("download");
    const view = link.pathname.replace(/^\/|\/$/g, "") || "now";
    if (outside || link.hash !== "" || !VIEWS.some((known) => known === view)) return;
    event.preventDefault();
    const before = current.peek().view;
    history.pushState(null, "", link.pathname + link.search);
    current.value = readPlace(link.pathname, link.search);
    if (current.peek().view !== before) scrollTo(0, 0);
  });
}
