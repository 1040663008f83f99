// Optional comfort: the page works without. Counts down, keeps the receipt's clock going, and asks again by itself
// while somebody else has to act (the shop picks, the member confirms).
(() => {
  const countdown = document.querySelector("[data-countdown]");
  if (countdown) {
    const words = countdown.textContent;
    const ends = Date.now() + Number(countdown.dataset.countdown) * 1000;
    const tick = setInterval(() => {
      const left = Math.max(0, Math.round((ends - Date.now()) / 1000));
      countdown.textContent = words.replace(/\d+/, left);
      if (!left) clearInterval(tick);
    }, 500);
  }

  // The server's moment plus the time since: the phone's own clock may be wrong.
  const clock = document.querySelector("[data-clock]");
  if (clock) {
    const offset = Date.parse(clock.dataset.clock) - Date.now();
    const format = new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", timeStyle: "medium", hourCycle: "h23" });
    setInterval(() => { clock.textContent = format.format(Date.now() + offset); }, 500);
  }

  const watched = document.querySelector("[data-watch]");
  if (!watched) return;
  const asked = new URL(watched.dataset.watch, location.href);
  let state = null;
  const ask = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(asked, { credentials: "same-origin" });
      if (!answer.ok) return;
      // The page moved on (a confirmation, a receipt): follow it there.
      if (new URL(answer.url).pathname !== asked.pathname) { location.replace(answer.url); return; }
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const now = page.querySelector("main h1")?.textContent + (page.querySelector("[data-watch]") ? "" : "!");
      if (state !== null && now !== state) { location.replace(asked); return; }
      state = now;
    } catch { /* No network for a moment: the next try comes. */ }
  };
  ask();
  setInterval(ask, 2000);
})();
