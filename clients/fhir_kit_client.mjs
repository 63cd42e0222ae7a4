// A session of fhir-kit-client with a gateway: `node fhir_kit_client.mjs BASE`.

import { randomUUID } from 'node:crypto';
import { Client } from 'fhir-kit-client';
import { SYSTEM, held, oneWon, outcome, refused } from './session.mjs';

const client = new Client({ baseUrl: process.argv[2] });
const status = (error) => error.response?.status;
const ifMatch = (version) => ({ 'If-Match': `W/"${version}"` });
const RACERS = 16;

async function crud() {
  const statement = await client.capabilityStatement();
  held('CapabilityStatement', statement.fhirVersion === '4.0.1');
  const made = await client.create({
    resourceType: 'Patient',
    body: { resourceType: 'Patient', name: [{ family: 'Kit' }] },
  });
  held('create', Boolean(made.id));
  const body = { ...made, gender: 'male' };
  const updated = await client.update({ resourceType: 'Patient', id: made.id, body });
  held('update', updated.meta.versionId === '2');
  const stale = { headers: ifMatch(1) };
  await refused(
    'an update of a version that is not the newest is 412',
    () => client.update({ resourceType: 'Patient', id: made.id, body: { ...body, active: true }, options: stale }),
    (error) => status(error) === 412,
  );
  const patched = await client.patch({
    resourceType: 'Patient',
    id: made.id,
    jsonPatch: [{ op: 'replace', path: '/gender', value: 'other' }],
  });
  held('JSON Patch', patched.gender === 'other');
  const first = await client.vread({ resourceType: 'Patient', id: made.id, version: '1' });
  held('vread', first.gender === undefined);
  const history = await client.resourceHistory({ resourceType: 'Patient', id: made.id });
  held('history of an instance', history.entry.length === 3);
  held('history of a type', (await client.typeHistory({ resourceType: 'Patient' })).entry.length >= 3);
  held('history of the system', (await client.systemHistory()).entry.length >= 3);
  await client.delete({ resourceType: 'Patient', id: made.id });
  await refused(
    'delete, then 410',
    () => client.read({ resourceType: 'Patient', id: made.id }),
    (error) => status(error) === 410,
  );
}

async function searches() {
  const mark = randomUUID();
  const patient = await client.create({
    resourceType: 'Patient',
    body: { resourceType: 'Patient', identifier: [{ system: SYSTEM, value: mark }] },
  });
  const made = [];
  for (let number = 0; number < 9; number += 1) {
    const body = {
      resourceType: 'Observation',
      status: 'final',
      code: { text: `${number}` },
      subject: { reference: `Patient/${patient.id}` },
      valueInteger: number,
    };
    made.push((await client.create({ resourceType: 'Observation', body })).id);
  }
  const found = [];
  let page = await client.search({
    resourceType: 'Observation',
    searchParams: { 'subject:Patient.identifier': `${SYSTEM}|${mark}`, _count: 4 },
  });
  while (page) {
    found.push(...page.entry.map((entry) => entry.resource.id));
    page = await client.nextPage({ bundle: page });
  }
  held('chain, and pages', found.sort().join() === made.sort().join());
  const included = await client.search({
    resourceType: 'Observation',
    searchParams: { _id: made[0], _include: 'Observation:subject' },
  });
  held('_include', included.entry.map((one) => one.resource.id).join() === [made[0], patient.id].join());
  const inside = await client.compartmentSearch({
    resourceType: 'Observation',
    compartment: { resourceType: 'Patient', id: patient.id },
    searchParams: { _summary: 'count' },
  });
  held('a compartment', inside.total === made.length);
  const posted = await client.resourceSearch({
    resourceType: 'Patient',
    searchParams: { identifier: `${SYSTEM}|${mark}`, _revinclude: 'Observation:subject' },
    options: { postSearch: true },
  });
  held('POST _search with _revinclude', posted.entry.length === 10);
  const had = await client.search({
    resourceType: 'Patient',
    searchParams: { '_has:Observation:subject:status': 'final', identifier: `${SYSTEM}|${mark}` },
  });
  held('_has', had.entry.length === 1);
}

async function conditions() {
  const mark = randomUUID();
  const body = { resourceType: 'Patient', identifier: [{ system: SYSTEM, value: mark }] };
  const searchParams = { identifier: `${SYSTEM}|${mark}` };
  const options = { headers: { 'If-None-Exist': `identifier=${SYSTEM}|${mark}` } };
  const create = () => client.create({ resourceType: 'Patient', body, options });
  const made = await Promise.all(Array.from({ length: RACERS }, create));
  held('16 conditional creates make one', new Set(made.map((one) => one.id)).size === 1);
  const changed = await client.update({ resourceType: 'Patient', searchParams, body: { ...body, active: true } });
  held('conditional update', changed.id === made[0].id && changed.active === true);
  await client.create({ resourceType: 'Patient', body });
  await refused(
    'a condition that two match is refused',
    () => client.update({ resourceType: 'Patient', searchParams, body }),
    (error) => status(error) === 412,
  );
}

async function races() {
  const { id } = await client.create({ resourceType: 'Patient', body: { resourceType: 'Patient' } });
  const update = (_, number) =>
    outcome(
      () =>
        client.update({
          resourceType: 'Patient',
          id,
          body: { resourceType: 'Patient', id, multipleBirthInteger: number + 1 },
          options: { headers: ifMatch(1) },
        }),
      status,
    );
  const told = await Promise.all(Array.from({ length: RACERS }, update));
  held('of 16 who change one version one does', oneWon(told, 412));
}

async function bundles() {
  const mark = randomUUID();
  const fullUrl = `urn:uuid:${randomUUID()}`;
  const entry = [
    {
      fullUrl,
      resource: { resourceType: 'Patient', identifier: [{ system: SYSTEM, value: mark }] },
      request: { method: 'POST', url: 'Patient', ifNoneExist: `identifier=${SYSTEM}|${mark}` },
    },
    {
      resource: { resourceType: 'Flag', status: 'active', code: { text: 'x' }, subject: { reference: fullUrl } },
      request: { method: 'POST', url: 'Flag' },
    },
  ];
  const send = () => client.transaction({ body: { resourceType: 'Bundle', type: 'transaction', entry } });
  const answers = await Promise.all(Array.from({ length: 12 }, send));
  const created = answers.filter((answer) => answer.entry[0].response.status.startsWith('201'));
  held('12 transactions at once create one', created.length === 1);
  const batch = await client.batch({
    body: {
      resourceType: 'Bundle',
      type: 'batch',
      entry: [
        { request: { method: 'GET', url: `Patient?identifier=${SYSTEM}|${mark}` } },
        { request: { method: 'GET', url: 'Patient/not-there' } },
      ],
    },
  });
  held('batch', batch.entry.map((one) => one.response.status.slice(0, 3)).join() === '200,404');
  held('and it finds that one', batch.entry[0].resource.total === 1);
}

async function operations() {
  const answer = await client.operation({
    name: 'translate',
    resourceType: 'ConceptMap',
    method: 'GET',
    input: { url: 'https://msb-gateway.example/fhir/ConceptMap/bed-status', code: 'U' },
  });
  held('an operation', answer.parameter.find((one) => one.name === 'result').valueBoolean === true);
}

await crud();
await searches();
await conditions();
await races();
await bundles();
await operations();
