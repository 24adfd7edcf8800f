// What went wrong, in words that a shopper understands.

import * as problem from "../common/problem.js";

const LATER = "Something on our side is not running. What you asked for is kept: try again in a moment.";
const WORDS = {
  0: ["No connection to the shop", "Check your connection, then try again."],
  403: ["This is not open to you", ""],
  404: ["This is no longer here", ""],
  413: ["The picture is too large", "Choose a smaller one."],
  422: ["The picture cannot be used", "Choose another one: a JPEG, PNG or WebP, for example."],
  502: ["The search is not available right now", LATER],
  503: ["The search is not available right now", LATER],
};

export const draw = (place, error, again) => problem.draw(place, error, again, WORDS);
