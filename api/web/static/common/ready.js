// Runs after the page's own modules: what needs them (`.scripted`) can be used from now on, and shows.
document.documentElement.classList.add("ready");
