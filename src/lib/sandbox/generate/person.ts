import { type Random, randomFor } from './random.ts';
import type { World } from './world.ts';

/** Somebody outside the platform with whom its customers write. */
export interface Person {
  readonly name: string;
  readonly email: string;
  readonly phone: string;
}

/** Somebody who has an account. Ids and tenants start at 1. */
export interface Account {
  readonly id: number;
  readonly tenantId: number;
  readonly name: string;
  readonly localPart: string;
  readonly domain: string;
  readonly email: string;
}

const given = (
  'Ada Amir Ana Anton Beatriz Ben Björn Carla Chidi Chloé Clara Dagmar Daniel Dilek Edith Elif Emil Emma Eva Farid ' +
  'Félix Finn Fatima Georg Grace Greta Hana Hugo Ida Ines Ivan Jakob Jana Javier Jonas José Julia Jürgen Kaja Karim ' +
  'Katja Kwame Laila Lars Léa Leila Lena Liam Lina Łukasz Maja Malik Marek Marta Mateo Mei Mila Mina Mohamed Nadia ' +
  'Nils Nina Noah Nora Olga Omar Oskar Paula Pedro Petra Priya Rafael Renée Rosa Ruth Samir Sara Søren Sofia Sven ' +
  'Tamar Tariq Theo Tomás Ulrike Uma Vera Viktor Wei Yara Yusuf Zoe Žiga'
).split(' ');
const family = (
  'Abel Acar Almeida Andersen Baker Bauer Becker Berg Blanc Bošnjak Braun Brown Carter Castro Chen Costa Dąbrowski ' +
  'Davies Demir Diaz Dubois Eriksson Evans Fischer Flores Fontaine Fraser García Green Großmann Haas Hansen Harris ' +
  'Hoffmann Horváth Ibrahim Iversen Jansen Jensen Jones Kaya Keller Khan Kim Kovač Kowalski Krüger Kumar Lambert ' +
  'Larsen Laurent Lee Lehmann López Maier Marino Martin Mensah Meyer Moreau Müller Murphy Nagy Nguyen Nielsen Novák ' +
  "Nowak Núñez O'Brien Okafor Öztürk Park Patel Pereira Petersen Popescu Quinn Rahman Ramos Richter Rossi Roy Santos " +
  'Sato Schäfer Schmidt Schneider Silva Singh Smith Sørensen Suárez Tanaka Taylor Torres Tran Vogel Wagner Walker ' +
  'Wang Weber Weiß Williams Wolf Wright Yılmaz Young Zhang Zimmermann'
).split(' ');
const outsideDomains = (
  'mailbox.example posthorn.example brightmail.example corvus.example hilltop.example inbox.example lindenhof.example ' +
  'northwind.example papertrail.example quickpost.example riverbank.example stellar.example tidewater.example ' +
  'uplands.example verdant.example westgate.example kontor.example münster-post.example bureau.example fjord.example'
)
  .split(' ')
  .map((domain) => domain.replace('münster', 'xn--mnster-3ya'));

/** The account with this index, from 0. */
export function accountAt({ seed, counts }: World, index: number): Account {
  const random = randomFor(seed, 'account', index);
  const [first, last] = [random.pick(given), random.pick(family)];
  const tenantId = 1 + (index % counts.tenants);
  const localPart = `${asciiName(first)}.${asciiName(last)}${index}`;
  const domain = tenantDomain(tenantId);
  return {
    id: index + 1,
    tenantId,
    name: `${first} ${last}`,
    localPart,
    domain,
    email: `${localPart}@${domain}`,
  };
}

/** The outside person with this index, from 0. */
export function personAt({ seed }: World, index: number): Person {
  const random = randomFor(seed, 'person', index);
  const [first, last] = [random.pick(given), random.pick(family)];
  const email = `${asciiName(first)}.${asciiName(last)}.${index}@${random.pick(outsideDomains)}`;
  return { name: `${first} ${last}`, email, phone: phoneNumber(random) };
}

/** Contact number `slot` of an account is this outside person; popular people are in many address books. */
export function contactPerson({ seed, counts }: World, accountIndex: number, slot: number): number {
  const random = randomFor(seed, 'contact', accountIndex * counts.contactsPerAccount + slot);
  const share = random.below(1_000_000) / 1_000_000;
  return Math.floor(share * share * counts.people);
}

export function tenantDomain(tenantId: number): string {
  return `tenant-${tenantId}.example`;
}

/** The seventh and later digits only, after a prefix that is set aside for fiction. */
function phoneNumber(random: Random): string {
  return `+1 555 01${String(random.below(100)).padStart(2, '0')} ${String(random.below(10_000)).padStart(4, '0')}`;
}

const special: Readonly<Record<string, string>> = { ß: 'ss', ł: 'l', ø: 'o', ı: 'i', "'": '' };
const asciiNames = new Map([...given, ...family].map((name) => [name, transliterate(name)]));

function asciiName(name: string): string {
  return asciiNames.get(name) ?? transliterate(name);
}

function transliterate(name: string): string {
  return name
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z]/g, (letter) => special[letter] ?? '');
}
