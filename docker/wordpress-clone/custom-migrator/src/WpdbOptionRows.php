<?php

declare(strict_types=1);

namespace CustomMigrator;

/** OptionRows by WordPress's own connection. */
final class WpdbOptionRows implements OptionRows
{
    private const ATTEMPTS = 20;

    /** @var \wpdb */
    private $db;

    public function __construct(\wpdb $db)
    {
        $this->db = $db;
    }

    public function read(string $name): array
    {
        return self::decode($this->raw($name));
    }

    public function change(string $name, callable $change): void
    {
        for ($attempt = 0; $attempt < self::ATTEMPTS; $attempt++) {
            $old = $this->raw($name);
            $new = (string) json_encode($change(self::decode($old)), JSON_UNESCAPED_SLASHES);
            if ($new === $old) {
                return;
            }
            if ($old === null ? $this->insert($name, $new) : $this->swap($name, $old, $new)) {
                return;
            }
        }
        throw new \RuntimeException('the options table does not take a change of ' . $name);
    }

    public function insert(string $name, string $value): bool
    {
        $sql = "INSERT IGNORE INTO {$this->db->options} (option_name, option_value, autoload) VALUES (%s, %s, 'no')";
        return $this->db->query($this->db->prepare($sql, $name, $value)) === 1;
    }

    public function deleteOlder(string $prefix, int $limit): void
    {
        $like = $this->db->esc_like($prefix) . '%';
        $sql = "DELETE FROM {$this->db->options} WHERE option_name LIKE %s AND CAST(option_value AS UNSIGNED) < %s";
        $this->db->query($this->db->prepare($sql, $like, (string) $limit));
    }

    /** Compare and swap: of several processes that read the same value, one wins and the others try again. */
    private function swap(string $name, string $old, string $new): bool
    {
        $sql = "UPDATE {$this->db->options} SET option_value = %s WHERE option_name = %s AND BINARY option_value = %s";
        return $this->db->query($this->db->prepare($sql, $new, $name, $old)) === 1;
    }

    private function raw(string $name): ?string
    {
        $sql = "SELECT option_value FROM {$this->db->options} WHERE option_name = %s";
        return $this->db->get_var($this->db->prepare($sql, $name));
    }

    /** @return array<string|int, mixed> */
    private static function decode(?string $value): array
    {
        $decoded = $value === null ? null : json_decode($value, true);
        return is_array($decoded) ? $decoded : [];
    }
}
