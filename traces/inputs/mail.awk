# Sort a mailbox into folders held in memory, quote and wrap the bodies, keep a
# digest of each folder and an index of all, and print what has become of them.

function flush_message(    folder, n, i, lines, quoted) {
    if (body == "")
        return
    folder = (subject in thread) ? thread[subject] : to
    thread[subject] = folder
    n = split(body, lines, "\n")
    quoted = ""
    for (i = 1; i < n; i++)
        quoted = quoted "> " lines[i] "\n"
    mail[folder] = mail[folder] "From " from "\n" body "\n"
    digest[folder] = substr(quoted digest[folder], 1, 20000)
    index_of = index_of sprintf("%06d %-12s %s\n", NR, folder, subject)
    all = all body
    count[folder]++
    body = ""
}

$1 == "From:"    { flush_message(); from = $2; next }
$1 == "To:"      { to = $2; next }
$1 == "Subject:" { subject = substr($0, 10 + 4 * ($2 == "Re:")); next }
                 { body = body $0 "\n" }

END {
    flush_message()
    PROCINFO["sorted_in"] = "@ind_str_asc"
    for (folder in mail) {
        text = toupper(mail[folder]) digest[folder]
        print folder, count[folder], length(mail[folder]), length(text)
    }
    print length(index_of), length(all)
}
