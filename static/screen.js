// The screen's code changes in place, without the page blinking; without a script the page reloads itself. A code that
// could not be fetched anew is taken off the screen: nobody should scan one that no longer counts.
(() => {
  const main = document.getElementById("main");
  const next = async () => {
    try {
      const answer = await fetch(location.href, { credentials: "same-origin", cache: "no-store" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
      if (!answer.ok || !page?.querySelector(".code")) return location.reload();
      for (const part of [".code", ".left", ".typed"]) main.querySelector(part).replaceWith(page.querySelector(part));
      show(false);
      return setTimeout(next, Number(page.dataset.wait) * 1000);
    } catch {
      show(true);
      return setTimeout(next, 2000);
    }
  };
  const show = (isOld) => {
    main.classList.toggle("old", isOld);
    main.querySelector(".stale").hidden = !isOld;
  };
  setTimeout(next, Number(main.dataset.wait) * 1000);
  navigator.wakeLock?.request("screen").catch(() => {});
})();
