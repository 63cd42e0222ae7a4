// What both sessions in JavaScript need: to say what held, and to end at what does not.

export const SYSTEM = 'https://msb-gateway.example/fhir/NamingSystem/clients';

export function held(what, that) {
  if (!that) {
    console.log(`NOT ok ${what}`);
    process.exit(1);
  }
  console.log(`ok ${what}`);
}

export async function refused(what, asked, of) {
  try {
    await asked();
  } catch (error) {
    held(what, of(error));
    return;
  }
  held(what, false);
}
