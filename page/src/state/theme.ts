/** Light or dark: what the system asks for, unless the reader chose. */
import { computed, signal } from "@preact/signals";

export const CHOICES = ["auto", "light", "dark"] as const;
export type Choice = (typeof CHOICES)[number];

const KEY = "sfcrime.theme";
const system = matchMedia("(prefers-color-scheme: dark)");

function remembered(): Choice {
  try {
    const text = localStorage.getItem(KEY);
    return CHOICES.find((choice) => choice === text) ?? "auto";
  } catch {
    return "auto";
  }
}

export const choice = signal<Choice>(remembered());
const systemDark = signal(system.matches);
const paper = matchMedia("print");
const printing = signal(paper.matches);

/** The theme in force; paper is light. A chart takes its colours anew when it changes. */
export const theme = computed<"light" | "dark">(() => {
  if (printing.value) return "light";
  if (choice.value !== "auto") return choice.value;
  return systemDark.value ? "dark" : "light";
});

export function choose(next: Choice): void {
  choice.value = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // A browser that keeps nothing still shows the theme until it is closed.
  }
}

export function followTheme(): void {
  system.addEventListener("change", (event) => {
    systemDark.value = event.matches;
  });
  paper.addEventListener("change", (event) => {
    printing.value = event.matches;
  });
  theme.subscribe((now) => {
    document.documentElement.dataset.theme = now;
  });
}
