import { isIP } from 'node:net';
import { z } from 'zod';
import { parseDuration } from '../base/duration.ts';

const path = z.string().min(1);

const duration = z.string().transform((value, context) => {
  const milliseconds = parseDuration(value);
  if (milliseconds !== undefined) return milliseconds;
  context.addIssue({ code: 'custom', message: 'expected a duration such as 5d or 12h' });
  return z.NEVER;
});

/** `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1`, `[2001:db8::1]:5353`. */
const server = z.string().transform((value, context) => {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(value) ?? [];
  const address = bracketed ?? plain ?? value;
  const port = Number(digits ?? 53);
  if (isIP(address) !== 0 && port >= 1 && port <= 65_535) return { address, port };
  context.addIssue({
    code: 'custom',
    message: 'expected an address such as 192.0.2.1, 192.0.2.1:5353, 2001:db8::1 or [2001:db8::1]:5353',
  });
  return z.NEVER;
});

/** A label of the DNS, or several: letters, digits and hyphens; IDNA names in their ASCII form (xn--…). */
const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const domainName = z
  .string()
  .max(220)
  .regex(
    new RegExp(`^${label}(?:\\.${label})+$`),
    'expected a domain in lower case such as example.org, without a dot at the end, IDNA names as xn--…',
  );

const template = z
  .string()
  .regex(/^(?:[a-z0-9-]|\{(?:algorithm|yyyy|mm|yyyymm|dd)\})+$/, {
    error: 'expected lowercase letters, digits, - and {algorithm}, {yyyy}, {mm}, {yyyymm}, {dd}',
    abort: true,
  })
  .includes('{algorithm}', { error: 'expected {algorithm} in it: two keys cannot share a selector' })
  .regex(/\{yyyy(?:mm)?\}/, 'expected {yyyymm} or {yyyy} in it: a selector is never used again');

const domain = z.strictObject({
  algorithms: z
    .array(z.enum(['rsa-2048', 'rsa-3072', 'rsa-4096', 'ed25519']))
    .min(1)
    .refine(
      (list) => list.filter((name) => name.startsWith('rsa')).length === 1,
      'expected one RSA key: many verifiers know no other',
    )
    .refine((list) => new Set(list).size === list.length, 'expected no algorithm twice')
    .optional()
    .describe('rsa-2048, unless told; ed25519 as a second signature'),
  selector: template.optional().describe('how new selectors are named; {algorithm}-{yyyymm} unless told'),
  ttl: duration.optional().describe('of the records that are asked for; 1h unless told'),
  cryptoperiod: duration
    .optional()
    .describe('180d, unless told: a selector that has signed for longer is overdue'),
  queue_life: duration
    .optional()
    .describe('5d, unless told: how long signed mail may lie in queues before it is verified'),
  hold: duration.optional().describe('30d, unless told: how long an empty p= says that a key is revoked'),
  authoritative: z
    .array(server)
    .min(1)
    .optional()
    .describe('the servers of the zone by address; found by its NS records unless told'),
  nsupdate: z
    .strictObject({
      server: server.optional().describe('the primary that takes updates; the one of the SOA unless told'),
      zone: domainName.optional().describe('the zone; found by nsupdate unless told'),
      key_file: path.optional().describe('the TSIG key that nsupdate -k reads; postern never does'),
    })
    .optional()
    .describe('what scripts for nsupdate say'),
  activate: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('a program and its arguments, run when other keys are to sign; without a shell'),
});

/** `keys.dkim`: the keys that sign outgoing mail. */
export const dkimSettings = z.strictObject({
  folder: path.describe('where the private keys lie, a folder for each domain'),
  file_mode: z
    .enum(['0600', '0640'])
    .optional()
    .describe('permission bits of private keys; 0600 unless told, 0640 where the mail server reads as group'),
  resolvers: z
    .array(server)
    .min(1)
    .optional()
    .describe(
      'resolvers that are asked as well, and by which servers are found; three public ones unless told',
    ),
  timeout: duration.optional().describe('3s, unless told: for one answer; each question is asked twice'),
  domains: z
    .record(domainName, domain)
    .refine((found) => Object.keys(found).length > 0, 'expected at least one domain'),
});

export type DkimDomainSettings = z.infer<typeof domain>;
