import { render } from "preact";

import { App } from "./app.tsx";
import { startEvents } from "./state/live.ts";
import { followTheme } from "./state/theme.ts";
import { followLinks } from "./state/url.ts";
import "./styles.css";

followTheme();
followLinks();
startEvents();
const page = document.getElementById("page");
if (page) render(<App />, page);
