//! Entry points.

use std::error::Error;

use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget};

use crate::graph::{Graph, Node};

pub(crate) struct Root {
    pub(crate) operation: String,
    /// On which heap.
    pub(crate) heap: String,
    pub(crate) code: Node,
}

/// An entry of the table: what it calls, on which heap, and the address of its code. `operations/src/root.rs` has the same.
const OPERATION: usize = 56;
const HEAP: usize = 24;
const ENTRY: usize = OPERATION + HEAP + size_of::<u64>();

/// Those in the tables that a program has put into a section.
pub(crate) fn of_section(graph: &Graph<'_>, name: &str) -> Result<Vec<Root>, Box<dyn Error>> {
    let mut roots = vec![];
    for (at, object) in graph.objects.iter().enumerate() {
        for table in object
            .sections()
            .filter(|section| section.name() == Ok(name))
        {
            let bytes = table.data()?;
            for (offset, relocation) in table.relocations() {
                let offset = usize::try_from(offset)?;
                let entry = offset / ENTRY * ENTRY;
                if offset != entry + OPERATION + HEAP {
                    return Err(format!("an address at {offset} in the table").into());
                }
                let RelocationTarget::Symbol(symbol) = relocation.target() else {
                    return Err("an address that is no symbol's".into());
                };
                let code = object.symbol_by_index(symbol)?.section_index();
                let text = |from: usize, len| {
                    let bytes = bytes.get(from..from + len).unwrap_or_default();
                    String::from_utf8_lossy(bytes)
                        .trim_end_matches('\0')
                        .to_owned()
                };
                roots.push(Root {
                    operation: text(entry, OPERATION),
                    heap: text(entry + OPERATION, HEAP),
                    code: (at, code.ok_or("an entry point without code")?),
                });
            }
            let expected = bytes.len() / ENTRY;
            let found = table.relocations().count();
            if found != expected {
                return Err(format!("{found} addresses in a table of {expected}").into());
            }
        }
    }
    Ok(roots)
}

/// What the object that defines a name exports: functions, and values that may hold addresses of functions.
pub(crate) fn exported(graph: &Graph<'_>, beside: &str) -> Result<Vec<Root>, Box<dyn Error>> {
    let (at, _) = *graph.defined.get(beside).ok_or(format!("no {beside}"))?;
    let mut roots = vec![];
    for symbol in graph.objects[at].symbols() {
        let name = symbol.name()?;
        if let Some(section) = symbol.section_index()
            && symbol.is_global()
            && rustc_demangle::try_demangle(name).is_err()
        {
            roots.push(Root {
                operation: name.to_owned(),
                heap: "C".to_owned(),
                code: (at, section),
            });
        }
    }
    Ok(roots)
}
