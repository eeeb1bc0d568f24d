<?php

declare(strict_types=1);

namespace LabSource;

/** Posts, their meta, comments, categories and uploads, the same for every run with the same address and size. */
final class Content
{
    private const SEED = 20_240_101;
    private const FIRST_DAY = 1_600_000_000;
    private const FIRST_ID = 100;
    private const CATEGORIES = 12;

    private readonly string $uploads;
    private readonly Words $words;
    private readonly Meta $metaOf;
    private readonly Pictures $pictures;
    private readonly Rows $posts;
    private readonly Rows $meta;
    private readonly Rows $comments;
    private readonly Rows $terms;

    /** @param array{basedir: string, baseurl: string} $uploads as wp_upload_dir() */
    public function __construct(private readonly string $url, private readonly Size $size, array $uploads)
    {
        global $wpdb;
        $this->words = new Words(self::SEED);
        $this->metaOf = new Meta($url, $this->words);
        $this->uploads = $uploads['baseurl'];
        $this->pictures = new Pictures($uploads['basedir'], $size, $this->words);
        $this->posts = new Rows($wpdb->posts, ['ID', 'post_author', 'post_date', 'post_date_gmt', 'post_content',
            'post_title', 'post_excerpt', 'post_status', 'comment_status', 'ping_status', 'post_name', 'to_ping', 'pinged',
            'post_modified', 'post_modified_gmt', 'post_content_filtered', 'guid', 'post_type', 'post_mime_type',
            'comment_count']);
        $this->meta = new Rows($wpdb->postmeta, ['post_id', 'meta_key', 'meta_value']);
        $this->comments = new Rows($wpdb->comments, ['comment_post_ID', 'comment_author', 'comment_author_email',
            'comment_author_url', 'comment_author_IP', 'comment_date', 'comment_date_gmt', 'comment_content',
            'comment_approved', 'comment_agent', 'comment_type']);
        $this->terms = new Rows($wpdb->term_relationships, ['object_id', 'term_taxonomy_id']);
    }

    /** @return array<string, int> what was made */
    public function generate(): array
    {
        global $wpdb;
        mysqli_query($wpdb->dbh, 'SET autocommit = 0');
        $categories = $this->categories();
        for ($n = 0; $n < $this->size->posts; $n++) {
            $n < $this->size->pictures ? $this->picture($n) : $this->post($n, $categories[$n % self::CATEGORIES]);
        }
        for ($n = 0; $n < $this->size->comments; $n++) {
            $this->comment($n);
        }
        foreach ([$this->posts, $this->meta, $this->comments, $this->terms] as $rows) {
            $rows->flush();
        }
        mysqli_query($wpdb->dbh, 'COMMIT');
        mysqli_query($wpdb->dbh, 'SET autocommit = 1');
        wp_update_term_count_now($categories, 'category');
        return [
            'posts' => $this->posts->count(),
            'post_meta' => $this->meta->count(),
            'comments' => $this->comments->count(),
            'files' => $this->size->files(),
            'bytes' => $this->pictures->bytes(),
        ];
    }

    /** @return list<int> ids of their terms in the taxonomy */
    private function categories(): array
    {
        $ids = [];
        for ($n = 1; $n <= self::CATEGORIES; $n++) {
            $ids[] = wp_insert_term("Topic {$n}", 'category', ['slug' => "topic-{$n}"])['term_taxonomy_id'];
        }
        return $ids;
    }

    private function post(int $n, int $category): void
    {
        $id = self::FIRST_ID + $n;
        $picture = "{$this->uploads}/" . Pictures::path($n % $this->size->pictures);
        $content = "<!-- wp:image --><figure><img src=\"{$picture}\" alt=\"\"/></figure><!-- /wp:image -->\n"
            . "<!-- wp:paragraph --><p>{$this->words->paragraph()} <a href=\"{$this->url}/?p=" . ($id - 1) . '">before</a></p>'
            . "<!-- /wp:paragraph -->\n<!-- wp:paragraph --><p>{$this->words->paragraph()}</p><!-- /wp:paragraph -->\n"
            . "<!-- wp:paragraph --><p>{$this->words->paragraph()} <a href='{$this->url}/topic-1/'>more</a>"
            . " {$this->url}/feed/ {$this->words->paragraph()}</p><!-- /wp:paragraph -->";
        $this->row($n, 'post', $this->words->title(), $content, "post-{$n}", $this->commentsOf($n));
        for ($kind = 0; $kind < $this->size->metaPerPost; $kind++) {
            $this->meta->add([$id, ...$this->metaOf->of($id, $kind)]);
        }
        $this->terms->add([$id, $category]);
    }

    private function picture(int $n): void
    {
        $metadata = $this->pictures->write($n);
        $this->row($n, 'attachment', $this->words->title(), '', "picture-{$n}", 0, $metadata['file']);
        $this->meta->add([self::FIRST_ID + $n, '_wp_attached_file', $metadata['file']]);
        $this->meta->add([self::FIRST_ID + $n, '_wp_attachment_metadata', serialize($metadata)]);
    }

    private function row(
        int $n,
        string $type,
        string $title,
        string $content,
        string $name,
        int $comments,
        string $file = ''
    ): void {
        $id = self::FIRST_ID + $n;
        $date = gmdate('Y-m-d H:i:s', self::FIRST_DAY + $n * 3_600);
        $guid = $file === '' ? "{$this->url}/?p={$id}" : "{$this->uploads}/{$file}";
        $status = $file === '' ? 'publish' : 'inherit';
        $this->posts->add([$id, 1, $date, $date, $content, $title, '', $status, 'open', 'open', $name, '', '', $date, $date,
            '', $guid, $type, $file === '' ? '' : 'image/jpeg', $comments]);
    }

    private function comment(int $n): void
    {
        $date = gmdate('Y-m-d H:i:s', self::FIRST_DAY + $n * 2_000);
        $this->comments->add([$this->commentedPost($n), "Visitor {$n}", "visitor{$n}@example.org", "{$this->url}/?author={$n}",
            '192.0.2.' . $n % 250, $date, $date, "{$this->words->paragraph()} See {$this->url}/?p={$n}", '1', 'Lab/1.0',
            'comment']);
    }

    private function commentedPost(int $n): int
    {
        $written = $this->size->posts - $this->size->pictures;
        return self::FIRST_ID + $this->size->pictures + $n % $written;
    }

    private function commentsOf(int $n): int
    {
        $written = $this->size->posts - $this->size->pictures;
        $place = $n - $this->size->pictures;
        return intdiv($this->size->comments - $place + $written - 1, $written);
    }
}
