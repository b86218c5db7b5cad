import type { Login } from './place.ts';

/** Fills `{role}` and `{password}` in; neither needs quoting anywhere, by how they are made. */
export function fillTemplate(template: string, { role, password }: Login): string {
  return template.replaceAll(/\{(role|password)\}/g, (_, name) => (name === 'role' ? role : password));
}

/**
 * What a text was filled with. A template without `{role}` says nothing of the role.
 * @returns undefined when the text was not made from the template
 */
export function readTemplate(
  template: string,
  text: string,
): { readonly role?: string; readonly password: string } | undefined {
  const seen = new Set<string>();
  const pattern = template.split(/\{(role|password)\}/).map((part, index) => {
    if (index % 2 === 0) return part.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
    if (seen.has(part)) return `\\k<${part}>`;
    seen.add(part);
    return part === 'role' ? '(?<role>[A-Za-z0-9_.-]+)' : '(?<password>[^\\s/@:?#"\']+)';
  });
  // Editors add a line feed at the end.
  const groups = new RegExp(`^${pattern.join('')}\\n?$`).exec(text)?.groups;
  const { role, password } = groups ?? {};
  if (password === undefined) return undefined;
  return role === undefined ? { password } : { role, password };
}

export function isUrlTemplate(template: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(template) && !/\s/.test(template.trim());
}
