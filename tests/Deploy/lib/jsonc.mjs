/** gateway.json may hold comments and trailing commas; strings may hold what looks like either. */
export function parseJsonc(text) {
  const plain = text.replace(/"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, match => (match[0] === '"' ? match : ' '));
  return JSON.parse(plain.replace(/"(?:[^"\\]|\\.)*"|,(?=\s*[}\]])/g, match => (match[0] === '"' ? match : '')));
}
