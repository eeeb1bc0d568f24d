<?php

declare(strict_types=1);

namespace CustomMigrator\Wire;

/** Numbers and byte strings as they stand in D frames. */
final class Encoding
{
    /** Unsigned LEB128. */
    public static function number(int $value): string
    {
        $bytes = '';
        while ($value > 0x7f) {
            $bytes .= chr(($value & 0x7f) | 0x80);
            $value >>= 7;
        }
        return $bytes . chr($value);
    }

    public static function text(string $bytes): string
    {
        return self::number(strlen($bytes)) . $bytes;
    }

    /** @param array<string, mixed> $value */
    public static function cursor(array $value): string
    {
        return rtrim(strtr(base64_encode((string) json_encode($value)), '+/', '-_'), '=');
    }

    /** @return array<string, mixed>|null null if it is not one of ours */
    public static function readCursor(string $cursor): ?array
    {
        $json = base64_decode(strtr($cursor, '-_', '+/'), true);
        $value = $json === false ? null : json_decode($json, true);
        return is_array($value) ? $value : null;
    }
}
