// A notification of the browser while this page is in the background; only where the person has allowed it.
export function offer(button) {
  if (!("Notification" in window) || Notification.permission !== "default" || !window.isSecureContext) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await Notification.requestPermission();
    button.hidden = Notification.permission !== "default";
  });
}

export function notify(title, body) {
  if (!("Notification" in window) || Notification.permission !== "granted" || !document.hidden) return;
  try {
    const shown = new Notification(title, { body, tag: title });
    shown.addEventListener("click", () => { window.focus(); shown.close(); });
  } catch {
    // Chromium on Android has no such constructor; the card is there all the same.
  }
}
