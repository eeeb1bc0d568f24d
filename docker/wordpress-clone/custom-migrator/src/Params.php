<?php

declare(strict_types=1);

namespace CustomMigrator;

use CustomMigrator\Wire\Encoding;

/** The JSON object of a request's body. Every reader throws ExportError bad_request with what to change. */
final class Params
{
    /** @var array<string, mixed> */
    private $values;

    /** @param array<string, mixed> $values */
    public function __construct(array $values)
    {
        $this->values = $values;
    }

    public static function parse(string $body): self
    {
        $values = json_decode($body, true);
        if (!is_array($values) || ltrim($body)[0] !== '{') {
            throw new ExportError('bad_request', 'the body must be a JSON object');
        }
        return new self($values);
    }

    public function has(string $name): bool
    {
        return isset($this->values[$name]);
    }

    public function text(string $name, ?string $default = null): string
    {
        $value = $this->values[$name] ?? $default;
        if (!is_string($value)) {
            throw new ExportError('bad_request', $name . ' must be a text');
        }
        return $value;
    }

    public function int(string $name, int $default, int $least, int $most): int
    {
        $value = $this->values[$name] ?? $default;
        if (!is_int($value) || $value < $least || $value > $most) {
            throw new ExportError('bad_request', "$name must be a number from $least to $most");
        }
        return $value;
    }

    /** @return list<string> */
    public function texts(string $name, int $most = PHP_INT_MAX): array
    {
        $values = $this->values[$name] ?? [];
        if (!is_array($values) || array_filter($values, 'is_string') !== $values) {
            throw new ExportError('bad_request', $name . ' must be a list of texts');
        }
        if (count($values) > $most) {
            throw new ExportError('bad_request', "$name may have $most texts at most");
        }
        return array_values($values);
    }

    /** @return array<string, mixed>|null null at the beginning */
    public function cursor(string $name = 'cursor'): ?array
    {
        if (!$this->has($name)) {
            return null;
        }
        $cursor = Encoding::readCursor($this->text($name));
        if ($cursor === null) {
            throw new ExportError('bad_request', $name . ' is not one that this source has given');
        }
        return $cursor;
    }
}
