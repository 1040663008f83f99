// A member's QR opens the till with the code behind the #, which no server sees. This puts it into the form and sends it;
// without a script the clerk types the code.
(() => {
  const form = document.getElementById("till");
  const code = decodeURIComponent(location.hash.slice(1));
  if (!form || !code) return;
  history.replaceState(null, "", location.pathname);
  form.elements.member_code.value = code;
  form.requestSubmit();
})();
