// Login: the chosen theme, and what stands behind the # of the address goes along to where one wanted.
try {
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch { /* storage is off: the system decides */ }
document.querySelector("form").action = `/login${location.hash}`;
