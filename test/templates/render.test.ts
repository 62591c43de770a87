import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderTemplate, renderWords } from '../../daemon/templates/render.ts';

test('values are put in as they are, and a word is left out only when it comes out empty', () => {
  assert.equal(renderTemplate('/etc/{{name}}.pem', { name: `<a> & "b" 'c'` }), `/etc/<a> & "b" 'c'.pem`);
  assert.deepEqual(renderWords(['nginx', '{{#if config}}-c{{/if}}', '{{config}}'], { config: '' }), [
    'nginx',
  ]);
  assert.deepEqual(renderWords(['nginx', '{{#if config}}-c{{/if}}', '{{config}}'], { config: '/a b' }), [
    'nginx',
    '-c',
    '/a b',
  ]);
});

test('a value that does not exist, a broken template and the way to prototypes are refused by name', () => {
  for (const template of [
    '{{nmae}}',
    '{{#if}',
    '{{constructor}}',
    '{{__proto__}}',
    '{{toString}}',
    '{{> partial}}',
    '{{helper name}}',
  ]) {
    assert.throws(
      () => renderTemplate(template, { name: 'x' }),
      (error: Error & { code?: string }) =>
        error.code === 'unsupported' && error.message.includes(JSON.stringify(template)),
      template,
    );
  }
});

test('where a value is missing those that there are are said; the map itself is no text', () => {
  for (const template of ['{{nmae}}', '{{this}}', '{{toString}}'])
    assert.throws(
      () => renderTemplate(template, { name: 'x', store: '/s' }),
      /it asks for what is no value\. Values are: name, store/,
      template,
    );
});

test('looking up a prototype finds nothing', () => {
  assert.equal(renderTemplate('{{lookup this "constructor"}}x', { name: 'x' }), 'x');
});

test('a value is never a template', () => {
  assert.equal(renderTemplate('{{a}}', { a: '{{b}}', b: 'no' }), '{{b}}');
});
