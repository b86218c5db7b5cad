import { z } from 'zod';
import { sandboxRoleNames } from './sandbox-config.ts';

const name = z.string().describe('the sandbox');
const folder = z.string().describe('where everything of it lies');
const config = z.string().describe('its configuration, for --config or POSTERN_CONFIG');
const seed = z.number().int();
const messages = z.number().int();
const port = z.number().int();
const pid = z.number().int();
const rows = z.record(z.string(), z.number().int()).describe('rows by table');

export const sandboxUpResult = z.strictObject({
  name,
  outcome: z.enum(['created', 'started', 'already-up']),
  folder,
  config,
  seed,
  messages,
  postgres: z.string().describe("the server's version"),
  port,
  pid,
  rows,
});

export const sandboxDownResult = z.strictObject({ name, stopped: z.boolean() });

export const sandboxStatusResult = z.strictObject({
  name,
  state: z.enum(['absent', 'incomplete', 'stopped', 'up']),
  folder,
  config,
  seed: seed.nullable(),
  messages: messages.nullable(),
  port: port.nullable(),
  pid: pid.nullable(),
  rows: rows.nullable(),
});

export const sandboxResetResult = z.strictObject({ name, folder, removed: z.boolean() });

export const sandboxUrlResult = z.strictObject({
  name,
  role: z.enum(sandboxRoleNames as [string, ...string[]]),
  url: z.string().describe('without its password'),
  file: z.string().describe('the file with the whole URL'),
});
