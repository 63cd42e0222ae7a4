// A session of Medplum's client with a gateway: `node medplum.mjs BASE`.

import { randomUUID } from 'node:crypto';
import { MedplumClient } from '@medplum/core';
import { SYSTEM, held, oneWon, outcome, refused } from './session.mjs';

const base = new URL(process.argv[2]);
const client = new MedplumClient({
  baseUrl: `${base.origin}/`,
  fhirUrlPath: base.pathname.replace(/^\/|\/$/g, ''),
  fetch,
  cacheTime: 0,
});
const code = (error) => error.outcome?.issue?.[0]?.code;

async function crud() {
  const made = await client.createResource({ resourceType: 'Patient', name: [{ family: 'Medplum' }] });
  held('create', Boolean(made.id));
  const updated = await client.updateResource({ ...made, gender: 'female' });
  held('update', updated.meta.versionId === '2');
  const patched = await client.patchResource('Patient', made.id, [
    { op: 'test', path: '/gender', value: 'female' },
    { op: 'add', path: '/active', value: true },
  ]);
  held('JSON Patch', patched.active === true);
  await refused(
    'a test that fails in a patch',
    () => client.patchResource('Patient', made.id, [{ op: 'test', path: '/gender', value: 'male' }]),
    (error) => Boolean(code(error)),
  );
  held('history', (await client.readHistory('Patient', made.id)).entry.length === 3);
  held('vread', (await client.readVersion('Patient', made.id, '2')).active === undefined);
  await client.deleteResource('Patient', made.id);
  await refused('delete', () => client.readResource('Patient', made.id), (error) => Boolean(code(error)));
}

async function conditions() {
  const mark = randomUUID();
  const patient = { resourceType: 'Patient', identifier: [{ system: SYSTEM, value: mark }] };
  const query = `identifier=${SYSTEM}|${mark}`;
  const made = await Promise.all(Array.from({ length: 12 }, () => client.createResourceIfNoneExist(patient, query)));
  held('12 conditional creates make one', new Set(made.map((one) => one.id)).size === 1);
  const changed = await client.upsertResource({ ...patient, active: true }, query);
  held('conditional update', changed.id === made[0].id && changed.active === true);
}

async function searches() {
  const mark = randomUUID();
  for (let number = 0; number < 7; number += 1) {
    await client.createResource({
      resourceType: 'Organization',
      name: `part ${number}`,
      identifier: [{ system: SYSTEM, value: mark }],
    });
  }
  const found = [];
  for await (const page of client.searchResourcePages('Organization', `identifier=${SYSTEM}|${mark}&_count=3`)) {
    found.push(...page.map((one) => one.name));
  }
  held('pages', found.sort().join() === [0, 1, 2, 3, 4, 5, 6].map((number) => `part ${number}`).join());
  const sorted = await client.searchResources('Organization', `identifier=${SYSTEM}|${mark}&_sort=-name`);
  held('_sort', sorted[0].name === 'part 6');
  const place = await client.createResource({
    resourceType: 'Location',
    status: 'active',
    managingOrganization: { reference: `Organization/${sorted[0].id}` },
  });
  const chained = await client.searchResources('Location', `organization.identifier=${SYSTEM}|${mark}`);
  held('chain', chained.map((one) => one.id).join() === place.id);
  const had = await client.searchResources('Organization', `_has:Location:organization:_id=${place.id}`);
  held('_has', had.map((one) => one.id).join() === sorted[0].id);
  const included = await client.search('Location', `_id=${place.id}&_include=Location:organization`);
  held('_include', included.entry.map((one) => one.resource.id).join() === [place.id, sorted[0].id].join());
}

async function races() {
  const { id } = await client.createResource({ resourceType: 'Patient' });
  const options = { headers: { 'If-Match': 'W/"1"' } };
  const update = (_, number) =>
    outcome(
      () => client.updateResource({ resourceType: 'Patient', id, multipleBirthInteger: number + 1 }, options),
      code,
    );
  const told = await Promise.all(Array.from({ length: 12 }, update));
  held('of 12 who change one version one does', oneWon(told, 'conflict'));
}

async function bundles() {
  const urn = `urn:uuid:${randomUUID()}`;
  const answer = await client.executeBatch({
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      { fullUrl: urn, resource: { resourceType: 'Organization', name: 'whole' }, request: { method: 'POST', url: 'Organization' } },
      {
        resource: { resourceType: 'Location', status: 'active', managingOrganization: { reference: urn } },
        request: { method: 'POST', url: 'Location' },
      },
    ],
  });
  held('transaction', answer.entry.every((one) => one.response.status.startsWith('201')));
  const batch = await client.executeBatch({
    resourceType: 'Bundle',
    type: 'batch',
    entry: [
      { request: { method: 'GET', url: answer.entry[1].response.location } },
      { request: { method: 'GET', url: 'Location/not-there' } },
    ],
  });
  held('batch', batch.entry.map((one) => one.response.status.slice(0, 3)).join() === '200,404');
  const found = await client.validateResource({ resourceType: 'Slot', status: 'free' });
  held('$validate names what is missing', found.issue.some((one) => `${one.expression}`.includes('Slot')));
}

await crud();
await conditions();
await searches();
await races();
await bundles();
