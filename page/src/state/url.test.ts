import { beforeEach, expect, test } from "vitest";

import { addressOfPlace, changed, followLinks, go, linkTo, place, readPlace } from "./url.ts";

beforeEach(() => {
  history.replaceState(null, "", "/");
  dispatchEvent(new PopStateEvent("popstate"));
});

followLinks();

test("an address names the view and what is chosen in it", () => {
  expect(readPlace("/history", "?since=2018-10-02T09:00&category=Traffic+and+parking")).toEqual({
    view: "history",
    since: "2018-10-02T09:00",
    category: "Traffic and parking",
  });
});

test("what an address may not say is dropped, and an unknown view is Now", () => {
  expect(readPlace("/nowhere", "?since=yesterday&at=2018-10-02T09:30&other=1&q=")).toEqual({
    view: "now",
  });
});

test("any text is carried whole by an address", () => {
  const hostile = `"><script>alert(1)</script>&type=x#\u202E%00`;
  const address = addressOfPlace({ view: "now", type: hostile });
  expect(readPlace("/", address.slice(address.indexOf("?")))).toEqual({
    view: "now",
    type: hostile,
  });
});

test("equal places have equal addresses", () => {
  expect(addressOfPlace({ view: "now", type: "b", category: "a" })).toBe("/?category=a&type=b");
  expect(addressOfPlace({ view: "history", since: "2018-10-02T09:00" })).toBe(
    "/history?since=2018-10-02T09:00",
  );
});

test("another view starts with nothing but what the change names", () => {
  const now = { view: "now", category: "Property", q: "x" } as const;
  expect(changed(now, { view: "history", at: "2018-10-02T09:00" })).toEqual({
    view: "history",
    at: "2018-10-02T09:00",
  });
  expect(changed(now, { q: null })).toEqual({ view: "now", category: "Property" });
});

test("going somewhere changes the address, and Back returns", () => {
  go({ category: "Property" });
  expect(location.search).toBe("?category=Property");
  expect(linkTo({ type: "Burglary" })).toBe("/?category=Property&type=Burglary");
  history.replaceState(null, "", "/trust");
  dispatchEvent(new PopStateEvent("popstate"));
  expect(place.value).toEqual({ view: "trust" });
});

test("a click on a link between the views loads no page, one to a file does", () => {
  const click = (href: string, download: boolean): boolean => {
    const link = document.createElement("a");
    link.href = href;
    link.toggleAttribute("download", download);
    document.body.append(link);
    return link.dispatchEvent(
      new MouseEvent("click", { bubbles: true, cancelable: true, button: 0 }),
    );
  };
  expect(click("/pipeline?reason=not-json", false)).toBe(false);
  expect(place.value).toEqual({ view: "pipeline", reason: "not-json" });
  // The test's own listener ends what the browser would do with a file.
  const keep = (event: Event): void => {
    event.preventDefault();
  };
  addEventListener("click", keep, { once: true });
  click("/trust", true);
  expect(place.value).toEqual({ view: "pipeline", reason: "not-json" });
});
