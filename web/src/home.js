const byId = (id) => document.getElementById(id);

function cell(text, status) {
  const element = document.createElement("td");
  element.textContent = text ?? "";
  if (status) element.dataset.status = status;
  return element;
}

function row(session) {
  const element = document.createElement("tr");
  const name = document.createElement("td");
  const link = document.createElement("a");
  link.href = `/api/v1/sessions/${encodeURIComponent(session.id)}`;
  link.textContent = session.name || session.id;
  link.title = session.id;
  name.append(link);
  const board = session.board_template ?? session.board_config?.name ?? "own board";
  element.append(name, cell(board), cell(session.backend), cell(session.status, session.status),
    cell(new Date(session.created_at).toLocaleString()));
  return element;
}

async function ask(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } });
  const body = await answer.json();
  if (!answer.ok && body.error) throw new Error(body.error);
  return body;
}

async function showSessions() {
  const note = byId("note");
  const table = document.querySelector(".scroll");
  try {
    const { items, total } = await ask("/api/v1/sessions?limit=50");
    byId("sessions").replaceChildren(...items.map(row));
    table.hidden = items.length === 0;
    note.textContent = items.length === 0 ? "No sessions yet: create one below."
      : total > items.length ? `The newest ${items.length} of ${total}.` : `${total} in all.`;
  } catch (problem) {
    table.hidden = true;
    note.textContent = `The list could not be read: ${problem.message}`;
  }
}

async function showHealth() {
  const state = byId("health");
  try {
    const health = await ask("/health");
    state.textContent = `${health.status} · ${health.version}`;
    state.dataset.status = health.status;
  } catch (problem) {
    state.textContent = "not answering";
    state.dataset.status = "error";
  }
}

byId("example").textContent = `curl -X POST ${location.origin}/api/v1/sessions \\
  -H 'Content-Type: application/json' \\
  -d '{"name": "blinky", "board_template": "stm32f4-disco"}'`;
byId("refresh").addEventListener("click", () => { showSessions(); showHealth(); });
showSessions();
showHealth();
