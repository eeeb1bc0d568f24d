<?php

declare(strict_types=1);

namespace CustomMigrator\Admin;

/** The page's HTML. Everything that is printed is escaped here. */
final class View
{
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
        echo '<p>' . ($on
            ? esc_html__('The exporter answers requests signed with an active key.', 'custom-migrator')
            : esc_html__('The exporter is off: there is no active key.', 'custom-migrator')) . '</p>';
    }

    private function newKey(string $key): void
    {
        echo '<div class="notice notice-warning"><p>'
            . esc_html__('Copy this key now. It will not be shown again.', 'custom-migrator')
            . '</p><p><input type="text" class="large-text code" readonly onfocus="this.select()" value="'
            . esc_attr($key) . '"></p></div>';
    }

    /** @param array<string, array<string, mixed>> $keys */
    private function keys(array $keys): void
    {
        echo '<h2>' . esc_html__('Keys', 'custom-migrator') . '</h2>';
        $this->tableHead(['Key', 'Label', 'Created', 'Ends', 'State', '']);
        foreach ($keys as $id => $key) {
            $state = $key['active'] ? 'active' : (isset($key['revoked_at']) ? 'revoked' : 'expired');
            $ends = $key['expires_at'] === null ? '-' : self::time((int) $key['expires_at']);
            $this->row([(string) $id, (string) $key['label'], self::time((int) $key['created_at']), $ends, $state]);
            echo '<td>';
            if ($key['active']) {
                $this->button('rotate', (string) $id, __('Rotate', 'custom-migrator'));
                $this->button('revoke', (string) $id, __('Revoke', 'custom-migrator'));
            }
            echo '</td></tr>';
        }
        echo '</tbody></table>';
    }

    private function createForm(): void
    {
        echo '<h2>' . esc_html__('New key', 'custom-migrator') . '</h2><form method="post">';
        wp_nonce_field($this->action);
        echo '<input type="hidden" name="custom_migrator_do" value="create"><p><label>'
            . esc_html__('Label', 'custom-migrator')
            . ' <input type="text" name="label" maxlength="60"></label> <label>'
            . esc_html__('Ends after days (empty: never)', 'custom-migrator')
            . ' <input type="number" name="days" min="1" max="3650"></label> ';
        submit_button(__('Create key', 'custom-migrator'), 'primary', 'submit', false);
        echo '</p></form>';
    }

    /** @param list<array<string, mixed>> $log */
    private function log(array $log): void
    {
        echo '<h2>' . esc_html__('Last exports and refusals', 'custom-migrator') . '</h2>';
        $this->tableHead(['Time', 'Event', 'Key', 'Detail', 'Address']);
        foreach ($log as $entry) {
            $detail = implode(' ', array_filter([
                (string) ($entry['reason'] ?? ''),
                (string) ($entry['clone_id'] ?? ''),
                (string) ($entry['endpoint'] ?? ''),
                (string) ($entry['user'] ?? ''),
                isset($entry['count']) ? '(' . (int) $entry['count'] . ' times)' : '',
            ]));
            $this->row([self::time((int) $entry['at']), (string) $entry['event'], (string) ($entry['key_id'] ?? ''),
                $detail, (string) ($entry['address'] ?? '')]);
            echo '</tr>';
        }
        echo '</tbody></table>';
    }

    /** @param list<string> $titles */
    private function tableHead(array $titles): void
    {
        echo '<table class="widefat striped"><thead><tr>';
        foreach ($titles as $title) {
            echo '<th scope="col">' . esc_html($title) . '</th>';
        }
        echo '</tr></thead><tbody>';
    }

    /** @param list<string> $cells */
    private function row(array $cells): void
    {
        echo '<tr>';
        foreach ($cells as $cell) {
            echo '<td>' . esc_html($cell) . '</td>';
        }
    }

    private function button(string $what, string $keyId, string $text): void
    {
        echo '<form method="post" style="display:inline">';
        wp_nonce_field($this->action);
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
