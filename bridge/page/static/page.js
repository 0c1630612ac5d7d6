// What a view needs of scripts: the live calls, where there are any. Everything else works without.
import { follow } from "./live.js";

// On a phone the menu is wider than the screen.
document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

const live = document.getElementById("live");
if (live) follow(live);
