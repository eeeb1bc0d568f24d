<?php

declare(strict_types=1);

namespace CustomMigrator\Admin;

use CustomMigrator\Auth\KeyStore;

/** The page's HTML. Everything that is printed is escaped here. */
final class View
{
    /** On a phone each row becomes a list of its cells, each with its title. */
    private const STYLE = '.cm-table td{vertical-align:top;overflow-wrap:anywhere}
        .cm-on::before,.cm-off::before{content:"\25cf";margin-right:.4em;color:#00a32a}.cm-off::before{color:#d63638}
        .cm-new label{display:inline-block;margin-right:1em}
        @media (max-width:782px){
        .cm-table thead{display:none}.cm-table tr,.cm-table td{display:block}.cm-table td:empty{display:none}
        .cm-table tr{padding:8px 0}.cm-table td{padding:2px 10px}.cm-table td[data-title]::before{
        content:attr(data-title) ": ";font-weight:600}.cm-new label{display:block;margin:0 0 1em}}';

    /** @var string */
    private $action;

    public function __construct(string $action)
    {
        $this->action = $action;
    }

    /**
     * @param array<string, array<string, mixed>> $keys
     * @param list<array<string, mixed>>          $log
     */
    public function render(array $keys, array $log, ?string $newKey): void
    {
        echo '<style>' . self::STYLE . '</style>';
        echo '<div class="wrap"><h1>' . esc_html__('Custom Migrator', 'custom-migrator') . '</h1>';
        $this->state($keys);
        if ($newKey !== null) {
            $this->newKey($newKey);
        }
        $this->keys($keys);
        $this->createForm();
        $this->log($log);
        echo '</div>';
    }

    /** @param array<string, array<string, mixed>> $keys */
    private function state(array $keys): void
    {
        $on = array_filter(array_column($keys, 'active')) !== [];
        echo '<p class="' . ($on ? 'cm-on' : 'cm-off') . '">' . ($on
            ? esc_html__('On: requests signed with an active key are answered.', 'custom-migrator')
            : esc_html__('Off: there is no active key, so nobody can read this site.', 'custom-migrator')) . '</p>';
        if (is_multisite()) {
            echo '<p>' . esc_html__('A key opens all sites of this network.', 'custom-migrator') . '</p>';
        }
    }

    private function newKey(string $key): void
    {
        echo '<div class="notice notice-warning"><p><label for="cm-key">'
            . esc_html__('Copy this key now. It will not be shown again.', 'custom-migrator')
            . '</label></p><p><input id="cm-key" type="text" class="large-text code" readonly onfocus="this.select()"'
            . ' value="' . esc_attr($key) . '"></p></div>';
    }

    /** @param array<string, array<string, mixed>> $keys */
    private function keys(array $keys): void
    {
        echo '<h2>' . esc_html__('Keys', 'custom-migrator') . '</h2>';
        if ($keys === []) {
            echo '<p>' . esc_html__('None yet.', 'custom-migrator') . '</p>';
            return;
        }
        $this->tableHead([__('Key', 'custom-migrator'), __('Label', 'custom-migrator'),
            __('Created', 'custom-migrator'), __('Ends', 'custom-migrator'), __('State', 'custom-migrator'), '']);
        foreach (array_reverse($keys, true) as $id => $key) {
            $this->cells([
                __('Key', 'custom-migrator') => (string) $id,
                __('Label', 'custom-migrator') => (string) $key['label'],
                __('Created', 'custom-migrator') => self::time((int) $key['created_at']),
                __('Ends', 'custom-migrator') => $key['expires_at'] === null
                    ? __('never', 'custom-migrator') : self::time((int) $key['expires_at']),
                __('State', 'custom-migrator') => self::stateOf($key),
            ]);
            echo '<td>';
            if ($key['active']) {
                $this->button('rotate', (string) $id, __('Rotate', 'custom-migrator'));
                $this->button('revoke', (string) $id, __('Revoke', 'custom-migrator'));
            }
            echo '</td></tr>';
        }
        echo '</tbody></table><p class="description">' . esc_html__(
            'Rotate makes a new key with the same label and end, and revokes the old one. A clone that still reads'
            . ' with a revoked key stops at its next request.',
            'custom-migrator'
        ) . '</p>';
    }

    /** @param array<string, mixed> $key */
    private static function stateOf(array $key): string
    {
        if ($key['active']) {
            return __('active', 'custom-migrator');
        }
        return isset($key['revoked_at']) ? __('revoked', 'custom-migrator') : __('expired', 'custom-migrator');
    }

    private function createForm(): void
    {
        echo '<h2>' . esc_html__('New key', 'custom-migrator') . '</h2><form method="post" class="cm-new">';
        wp_nonce_field($this->action);
        echo '<input type="hidden" name="custom_migrator_do" value="create"><p><label>'
            . esc_html__('Label', 'custom-migrator')
            . ' <input type="text" name="label" maxlength="60"></label> <label>'
            . esc_html__('Ends after days (empty: never)', 'custom-migrator')
            . ' <input type="number" name="days" min="1" max="3650" value="' . KeyStore::DEFAULT_DAYS . '"></label> ';
        submit_button(__('Create key', 'custom-migrator'), 'primary', 'submit', false);
        echo '</p></form>';
    }

    /** @param list<array<string, mixed>> $log */
    private function log(array $log): void
    {
        echo '<h2>' . esc_html__('Last exports, refusals and changes of keys', 'custom-migrator') . '</h2>';
        if ($log === []) {
            echo '<p>' . esc_html__('None yet.', 'custom-migrator') . '</p>';
            return;
        }
        $this->tableHead([__('Time', 'custom-migrator'), __('What', 'custom-migrator'),
            __('How much', 'custom-migrator'), __('Key', 'custom-migrator'), __('Who', 'custom-migrator')]);
        foreach ($log as $entry) {
            $this->cells([
                __('Time', 'custom-migrator') => self::times($entry),
                __('What', 'custom-migrator') => self::what($entry),
                __('How much', 'custom-migrator') => self::howMuch($entry),
                __('Key', 'custom-migrator') => (string) ($entry['key_id'] ?? ''),
                __('Who', 'custom-migrator') => (string) ($entry['user'] ?? $entry['address'] ?? ''),
            ]);
            echo '</tr>';
        }
        echo '</tbody></table>';
    }

    /** @param array<string, mixed> $entry */
    private static function times(array $entry): string
    {
        $lasts = isset($entry['last_at']) && $entry['last_at'] > $entry['at'];
        return self::time((int) $entry['at']) . ($lasts ? ' - ' . gmdate('H:i:s', (int) $entry['last_at']) : '');
    }

    /** @param array<string, mixed> $entry */
    private static function what(array $entry): string
    {
        if ($entry['event'] === 'export') {
            /* translators: 1: name of a clone, 2: number of its pod's generation */
            $text = __('export for the clone %1$s, generation %2$s', 'custom-migrator');
            return sprintf($text, (string) $entry['clone_id'], (string) ($entry['generation'] ?? ''));
        }
        $reason = isset($entry['reason']) ? ': ' . $entry['reason'] : '';
        $endpoint = (string) ($entry['endpoint'] ?? '');
        return $entry['event'] . $reason . ($endpoint === '' ? '' : " ($endpoint)");
    }

    /** @param array<string, mixed> $entry */
    private static function howMuch(array $entry): string
    {
        if ($entry['event'] === 'export') {
            /* translators: 1, 2: sizes such as "2 MB" */
            $text = __('database %1$s, files %2$s', 'custom-migrator');
            $size = static function (string $part) use ($entry): string {
                return (string) size_format((int) ($entry[$part] ?? 0)) ?: '0 B';
            };
            return sprintf($text, $size('database_bytes'), $size('files_bytes'));
        }
        /* translators: %d: a number above 1 */
        $text = __('in %d minutes', 'custom-migrator');
        return isset($entry['count']) ? sprintf($text, (int) $entry['count']) : '';
    }

    /** @param list<string> $titles */
    private function tableHead(array $titles): void
    {
        echo '<table class="widefat striped cm-table"><thead><tr>';
        foreach ($titles as $title) {
            echo '<th scope="col">' . esc_html($title) . '</th>';
        }
        echo '</tr></thead><tbody>';
    }

    /** @param array<string, string> $cells by title; the row stays open */
    private function cells(array $cells): void
    {
        echo '<tr>';
        foreach ($cells as $title => $cell) {
            echo '<td data-title="' . esc_attr($title) . '">' . esc_html($cell) . '</td>';
        }
    }

    private function button(string $what, string $keyId, string $text): void
    {
        echo '<form method="post" style="display:inline">';
        wp_nonce_field($this->action, '_wpnonce', true);
        echo '<input type="hidden" name="custom_migrator_do" value="' . esc_attr($what) . '">'
            . '<input type="hidden" name="key_id" value="' . esc_attr($keyId) . '">';
        submit_button($text, 'secondary small', 'submit', false);
        echo '</form> ';
    }

    private static function time(int $epoch): string
    {
        return gmdate('Y-m-d H:i:s', $epoch) . ' UTC';
    }
}
