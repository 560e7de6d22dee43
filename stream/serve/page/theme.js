// Theme: put the chosen one on the document before anything is painted; "auto" follows the system.
try {
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch { /* storage is off: the system decides */ }
