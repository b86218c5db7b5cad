import { type ChooseOptions, chooseJobs, type KnownCommand } from '../../src/lib/schedule/choose.ts';

/** As if everything were here. */
export const everyCommand: readonly KnownCommand[] = [
  { id: 'backup:run', flags: {} },
  { id: 'backup:verify', flags: { level: { options: ['list', 'head', 'full'] } } },
  { id: 'backup:drill', flags: {} },
  { id: 'backup:prune', flags: { 'plan-only': {} } },
  { id: 'backup:status', flags: { 'max-age': {} } },
  { id: 'key:status', flags: { 'fail-overdue': {} } },
  { id: 'key:dkim:check', flags: {} },
  { id: 'map:check', flags: {} },
  { id: 'request:list', flags: {} },
  { id: 'hold:list', flags: {} },
  { id: 'tenant:list', flags: {} },
  { id: 'audit:verify', flags: {} },
  { id: 'doctor', flags: {} },
];

const wholeProfile = {
  state: { url: '${file:state}' },
  backup: { secret_keys: ['key'], prune: { keep_last: 4 } },
  platform: { map: 'postern.map.yaml' },
  keys: { dkim: { folder: 'dkim', domains: {} } },
} as unknown as ChooseOptions['parts'];

export function choose(change: Partial<ChooseOptions> = {}): ReturnType<typeof chooseJobs> {
  return chooseJobs({
    profile: 'production',
    parts: wholeProfile,
    settings: {},
    commands: everyCommand,
    only: [],
    program: ['/usr/bin/postern'],
    configFile: '/etc/postern/postern.yaml',
    ...change,
  });
}
