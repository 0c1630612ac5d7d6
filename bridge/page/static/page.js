// What a view needs of scripts: the live calls, where there are any. Everything else works without.
import { follow } from "./live.js";

const live = document.getElementById("live");
if (live) follow(live);
