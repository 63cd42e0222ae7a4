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

// What became of something that is asked: true, or the status with which it was refused.
export async function outcome(asked, status) {
  try {
    await asked();
    return true;
  } catch (error) {
    return status(error);
  }
}

// Whether of as many as raced exactly one was first, and all others were told that they were not.
export const oneWon = (told, status) =>
  told.filter((one) => one === true).length === 1 && told.every((one) => one === true || one === status);
