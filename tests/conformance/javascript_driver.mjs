// OpenAI's client for JavaScript, driven over standard input and output: a wish a line in, an answer a line out.
import { createInterface } from "node:readline";
import OpenAI from "openai";

const asked = (text) => [{ role: "user", content: text }];
const read = (call) => ({ name: call.function.name, arguments: JSON.parse(call.function.arguments) });
const said = (reply) => ({
  text: reply.choices[0].message.content ?? "",
  completion_id: reply.id,
  tokens: reply.usage?.total_tokens ?? null,
});

const wishes = {
  async ask(client, { model, text }) {
    return said(await client.chat.completions.create({ model, messages: asked(text) }));
  },

  async stream(client, { model, text }) {
    const chunks = await client.chat.completions.create({
      model,
      messages: asked(text),
      stream: true,
      stream_options: { include_usage: true },
    });
    const found = { text: "", completion_id: "", tokens: null };
    for await (const chunk of chunks) {
      found.completion_id = chunk.id;
      found.text += chunk.choices[0]?.delta.content ?? "";
      found.tokens = chunk.usage?.total_tokens ?? found.tokens;
    }
    return found;
  },

  async use_function(client, { model, text, result, tools }) {
    const first = await client.chat.completions.create({ model, messages: asked(text), tools });
    const message = first.choices[0].message;
    const [made] = message.tool_calls;
    const given = { role: "tool", tool_call_id: made.id, content: result };
    const messages = [...asked(text), message, given];
    return [read(made), said(await client.chat.completions.create({ model, messages, tools }))];
  },

  async stream_calls(client, { model, text, tools }) {
    const stream = client.chat.completions.stream({ model, messages: asked(text), tools });
    const final = await stream.finalChatCompletion();
    return final.choices[0].message.tool_calls.map(read);
  },

  async fill_schema(client, { model, text, schema }) {
    const reply = await client.chat.completions.parse({ model, messages: asked(text), response_format: schema });
    return reply.choices[0].message.parsed;
  },

  async leave(client, { model, text }) {
    const chunks = await client.chat.completions.create({ model, messages: asked(text), stream: true });
    for await (const chunk of chunks) {
      if (chunk.choices[0].delta.content) {
        break; // the client aborts what is left
      }
    }
    return null;
  },
};

function kinds(error) {
  const names = [];
  for (let kind = Object.getPrototypeOf(error); kind !== null; kind = Object.getPrototypeOf(kind)) {
    names.push(kind.constructor.name);
  }
  return names;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { wish, url, key, timeout_s, ...rest } = JSON.parse(line);
  const client = new OpenAI({ baseURL: url, apiKey: key, timeout: timeout_s * 1000, maxRetries: 0 });
  let answer;
  try {
    answer = { found: await wishes[wish](client, rest) };
  } catch (error) {
    const retry_after = error.headers?.get?.("retry-after") ?? null;
    answer = { failed: { kinds: kinds(error), status: error.status ?? null, retry_after, words: error.message } };
  }
  console.log(JSON.stringify(answer));
}
