// Whoever sent long work sees that it is under way. Without a script the browser's own sign is all there is.
(() => {
  const show = (is, within) => within.querySelectorAll("[data-working]").forEach((sign) => { sign.hidden = !is; });
  document.addEventListener("submit", (sent) => show(true, sent.target));
  addEventListener("pageshow", () => show(false, document));
})();
// Keeps the sum under the stamping queue true while boxes are ticked, and ticks or clears all at once.
(() => {
  const form = document.getElementById("queue");
  const sum = form?.querySelector("[data-sum]");
  if (!sum) return;
  const boxes = [...form.querySelectorAll("input[name=checkin_ids]")];
  const show = () => {
    const chosen = boxes.filter((box) => box.checked);
    const points = chosen.reduce((total, box) => total + Number(box.dataset.points), 0);
    sum.textContent = sum.dataset.sum.replace("{count}", chosen.length).replace("{points}", points.toLocaleString("en"));
  };
  form.addEventListener("change", show);
  show();
})();
