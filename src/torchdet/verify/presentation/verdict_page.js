
document.querySelector(".timeline")?.addEventListener("keydown", (event) => {
  const next = { ArrowRight: "nextElementSibling", ArrowLeft: "previousElementSibling" }[event.key];
  const target = next && event.target[next];
  if (target) target.focus();
});
