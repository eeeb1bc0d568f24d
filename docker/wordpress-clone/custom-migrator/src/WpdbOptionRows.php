<?php

declare(strict_types=1);

namespace CustomMigrator;

/** OptionRows by WordPress's own connection. */
final class WpdbOptionRows implements OptionRows
{
    private const ATTEMPTS = 20;

    /** @var \wpdb */
    private $db;
    /** @var string */
    private $table;

    public function __construct(\wpdb $db, string $table)
    {
        $this->db = $db;
        $this->table = $table;
    }

    /** The site's options; of a network those of its main site, so that all its sites know the same keys. */
    public static function ofWordPress(): self
    {
        $db = $GLOBALS['wpdb'];
        return new self($db, is_multisite() ? $db->get_blog_prefix(get_main_site_id()) . 'options' : $db->options);
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
        $sql = "INSERT IGNORE INTO {$this->table} (option_name, option_value, autoload) VALUES (%s, %s, 'no')";
        return $this->db->query($this->db->prepare($sql, $name, $value)) === 1;
    }

    public function mark(string $name, bool $set): void
    {
        $main = is_multisite() ? get_main_site_id() : null;
        if ($main !== null) {
            $set ? update_blog_option($main, $name, '1') : delete_blog_option($main, $name);
            return;
        }
        $set ? update_option($name, '1', true) : delete_option($name);
    }

    public function mayBeMarked(string $name): bool
    {
        // An object cache may be older than a key that was made on the command line; a site of a network has not
        // loaded the options of its main site.
        return is_multisite() || wp_using_ext_object_cache() || isset(wp_load_alloptions()[$name]);
    }

    public function deleteOlder(string $prefix, int $limit): void
    {
        $like = $this->db->esc_like($prefix) . '%';
        $sql = "DELETE FROM {$this->table} WHERE option_name LIKE %s AND CAST(option_value AS UNSIGNED) < %s";
        $this->db->query($this->db->prepare($sql, $like, (string) $limit));
    }

    /** Compare and swap: of several processes that read the same value, one wins and the others try again. */
    private function swap(string $name, string $old, string $new): bool
    {
        $sql = "UPDATE {$this->table} SET option_value = %s WHERE option_name = %s AND BINARY option_value = %s";
        return $this->db->query($this->db->prepare($sql, $new, $name, $old)) === 1;
    }

    private function raw(string $name): ?string
    {
        $sql = "SELECT option_value FROM {$this->table} WHERE option_name = %s";
        return $this->db->get_var($this->db->prepare($sql, $name));
    }

    /** @return array<string|int, mixed> */
    private static function decode(?string $value): array
    {
        $decoded = $value === null ? null : json_decode($value, true);
        return is_array($decoded) ? $decoded : [];
    }
}
