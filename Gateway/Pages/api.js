// Calls the shop's API. Whatever is not a success becomes a Problem, which says in words what is wrong.

const TRIES = 4;

export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ? `${body.title} ${body.detail}` : body.title ?? "The shop does not answer.");
    this.status = status;
    this.type = (body.type ?? "").replace("urn:shop:problem:", "");
    this.facts = body;
  }
}

/** @param {() => Promise<string|null>} key gives the key or token @param {() => Promise<boolean>} renew makes another after a 401; whether it could */
export function client(key, renew = async () => false) {
  return async function call(method, path, { body, idempotencyKey, headers = {} } = {}) {
    // A command that is sent again must be the same command.
    const sameKey = idempotencyKey ?? (method === "GET" ? null : crypto.randomUUID());
    let hasRenewed = false;
    for (let attempt = 1; ; attempt++) {
      const answer = await send(method, path, body, sameKey, await key(), headers);
      if (answer && answer.ok) {
        const text = await answer.text();
        return text ? JSON.parse(text) : null;
      }
      if (answer?.status === 401 && !hasRenewed && await renew()) { hasRenewed = true; continue; }
      const problem = new Problem(answer?.status ?? 0, await (answer?.json().catch(() => ({})) ?? {}));
      const isBusy = !answer || answer.status === 503 || (answer.status === 429 && problem.type !== "waiting");
      if (!isBusy || attempt === TRIES) throw problem;
      const seconds = Number(answer?.headers.get("Retry-After")) || 0.5 * attempt;
      await new Promise(done => setTimeout(done, Math.min(seconds, 5) * 1_000));
    }
  };
}

async function send(method, path, body, idempotencyKey, key, headers) {
  try {
    return await fetch(`/v1${path}`, {
      method,
      headers: {
        ...(key ? { Authorization: `Bearer ${key}` } : {}), ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...(idempotencyKey ? { "Idempotency-Key": idempotencyKey } : {}), ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    return null;
  }
}

export const path = (parts, ...values) => parts.reduce((text, part, i) => text + encodeURIComponent(values[i - 1]) + part);
