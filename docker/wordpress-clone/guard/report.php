<?php

/**
 * The ledger in the clone's own dashboard, for whoever works with the clone: a notice, and a page under Tools.
 *
 * @license GPL-2.0-or-later
 */

declare(strict_types=1);

namespace CloneGuard;

const REPORT = 'clone-guard';
const TITLES = ['Time (UTC)', 'Kind', 'To', 'By way of', 'From', 'Outcome', 'Subject'];
/** On a phone each row becomes a list of its cells, each with its title. */
const STYLE = '.clone-guard td{overflow-wrap:anywhere}@media (max-width:782px){.clone-guard thead{display:none}
    .clone-guard tr,.clone-guard td{display:block}.clone-guard tr{padding:8px 0}.clone-guard td{padding:2px 10px}
    .clone-guard td:empty{display:none}.clone-guard td::before{content:attr(data-title) ": ";font-weight:600}}';

/** A table of the latest entries. Everything in it is the site's own word, so all of it is escaped. */
function reportTable(Ledger $ledger): string
{
    $rows = '';
    foreach ($ledger->latest(100) as $entry) {
        $cells = [gmdate('Y-m-d H:i:s', (int) ($entry['time'] ?? 0))];
        foreach (['kind', 'host', 'method', 'caller', 'outcome', 'subject'] as $name) {
            $cells[] = is_string($entry[$name] ?? null) ? $entry[$name] : '';
        }
        $rows .= '<tr>' . implode('', array_map(reportCell(...), TITLES, $cells)) . "</tr>\n";
    }
    if ($rows === '') {
        return '';
    }
    $head = '<th scope="col">' . implode('</th><th scope="col">', TITLES) . '</th>';
    return '<p>The latest hundred:</p><style>' . STYLE . '</style><table class="widefat striped clone-guard">'
        . "<thead><tr>{$head}</tr></thead>\n<tbody>{$rows}</tbody></table>\n";
}

function reportCell(string $title, string $cell): string
{
    return "<td data-title=\"{$title}\">" . htmlspecialchars($cell) . '</td>';
}

/** What was held back, in one sentence. */
function reportSummary(Ledger $ledger): string
{
    $sums = ['mail' => 0, 'http' => 0, 'cron' => 0];
    foreach ($ledger->counts() as $key => $count) {
        [$kind] = explode(' ', (string) $key);
        if (isset($sums[$kind]) && substr((string) $key, -8) === ' blocked') {
            $sums[$kind] += $count;
        }
    }
    return "Held back so far: {$sums['mail']} mails, {$sums['http']} outgoing requests, "
        . "{$sums['cron']} background runs.";
}

filter('admin_menu', static function (): void {
    add_management_page('What this clone held back', 'Clone guard', 'manage_options', REPORT, static function (): void {
        echo '<div class="wrap"><h1>What this clone held back</h1><p>', htmlspecialchars(reportSummary(ledger())),
            '</p>', reportTable(ledger()), '</div>';
    });
}, 0);

filter('admin_notices', static function (): void {
    if (($GLOBALS['pagenow'] ?? '') === 'index.php' && current_user_can('manage_options')) {
        $page = htmlspecialchars(admin_url('tools.php?page=' . REPORT));
        echo '<div class="notice notice-info"><p>This is a clone. It sends no mail, runs nothing in the background ',
            'and calls nobody who was not allowed for it. ', htmlspecialchars(reportSummary(ledger())),
            " <a href=\"{$page}\">Which?</a></p></div>\n";
    }
}, 0);
