# Follow the sessions in a web server's log: open them, let them grow, expire
# them when they are idle, and report.
use strict;
use warnings;

my ($idle, $now, $closed) = (300, 0, 0);
my (%session, %page, %agent, @report);

sub expire {
    for my $visitor (sort keys %session) {
        my $s = $session{$visitor};
        next if $now - $s->{last} < $idle;
        my @trail = grep { length > 4 } @{ $s->{trail} };
        my $path  = join ' > ', map { ucfirst } reverse @trail;
        push @report, sprintf '%-8s %6d %9d %s', $visitor, scalar @trail, $s->{bytes}, $path
            if @trail > 3;
        delete $session{$visitor};
        $closed++;
    }
    # Keep the longest, forget the rest.
    @report = (sort { length $b <=> length $a || $a cmp $b } @report)[0 .. 99] if @report > 200;
}

while (my $line = <>) {
    my ($time, $visitor, $url, $bytes, $agent) = $line =~ /^(\d+) (\w+) "GET (\S+)" (\d+) "(.*)"$/
        or die "line $.: $line";
    $now = $time;
    my ($path, $query) = split /\?/, $url, 2;
    my $s = $session{$visitor} //= { first => $now, bytes => 0, trail => [], seen => {}, log => '' };
    $s->{last} = $now;
    $s->{bytes} += $bytes;
    push @{ $s->{trail} }, split m{/}, substr $path, 1;
    $s->{seen}{$path}++;
    $s->{log} .= "$now $path\n";
    if (defined $query) {
        my %field = map { split /=/, $_, 2 } split /&/, $query;
        $s->{field}{$_} = $field{$_} for sort keys %field;
    }
    $page{$path}{hits}++;
    $agent{ lc $agent } += $bytes;
    if ($. % 100 == 0) {
        expire();
        # A cache with a limit.
        if (keys %agent > 400) {
            my @least = sort { $agent{$a} <=> $agent{$b} || $a cmp $b } keys %agent;
            delete @agent{ @least[0 .. 199] };
        }
    }
}

my @top = (sort { $page{$b}{hits} <=> $page{$a}{hits} || $a cmp $b } keys %page)[0 .. 9];
print "$closed sessions closed, ", scalar(keys %session), " open\n";
print "$page{$_}{hits} $_\n" for @top;
print "$_\n" for @report[0 .. 9];
