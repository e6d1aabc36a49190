//! Which sections of linked objects lead to which.
//!
//! The compiler puts each function and each constant into a section of its own. What code refers to outside its section,
//! whether it calls it or takes its address, it refers to by a relocation. So what a function can reach is at most what is
//! found by following relocations: that is how a linker finds what it may leave out.

use std::collections::{HashMap, HashSet, VecDeque};
use std::error::Error;

use object::read::archive::ArchiveFile;
use object::{File, Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionIndex};

/// A section of an object of the archive.
pub(crate) type Node = (usize, SectionIndex);

pub(crate) struct Graph<'d> {
    pub(crate) objects: Vec<File<'d>>,
    leads_to: HashMap<Node, Vec<Target>>,
    /// Where what other objects may refer to is defined.
    pub(crate) defined: HashMap<String, Node>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Target {
    Section(Node),
    /// What is defined in another object, or nowhere.
    Name(String),
}

impl<'d> Graph<'d> {
    pub(crate) fn read(archive: &'d [u8]) -> Result<Self, Box<dyn Error>> {
        let mut graph = Self {
            objects: vec![],
            leads_to: HashMap::new(),
            defined: HashMap::new(),
        };
        for member in ArchiveFile::parse(archive)?.members() {
            let data = member?.data(archive)?;
            graph.add(File::parse(data)?)?;
        }
        Ok(graph)
    }

    fn add(&mut self, object: File<'d>) -> Result<(), Box<dyn Error>> {
        let at = self.objects.len();
        for symbol in object
            .symbols()
            .filter(|symbol| symbol.is_global() && symbol.is_definition())
        {
            if let Some(section) = symbol.section_index() {
                self.defined
                    .insert(symbol.name()?.to_owned(), (at, section));
            }
        }
        for section in object.sections() {
            let mut targets = HashSet::new();
            for (_, relocation) in section.relocations() {
                targets.insert(match relocation.target() {
                    RelocationTarget::Symbol(index) => {
                        let symbol = object.symbol_by_index(index)?;
                        match symbol.section_index() {
                            Some(within) => Target::Section((at, within)),
                            None => Target::Name(symbol.name()?.to_owned()),
                        }
                    }
                    RelocationTarget::Section(within) => Target::Section((at, within)),
                    other => return Err(format!("a relocation to {other:?}").into()),
                });
            }
            self.leads_to
                .insert((at, section.index()), targets.into_iter().collect());
        }
        self.objects.push(object);
        Ok(())
    }

    /// A shortest way from a section to a name that is defined nowhere.
    pub(crate) fn way(&self, from: Node, to: &str) -> Option<Vec<String>> {
        let mut came_from = HashMap::from([(from, None)]);
        let mut waiting = VecDeque::from([from]);
        while let Some(node) = waiting.pop_front() {
            for target in self.leads_to.get(&node).into_iter().flatten() {
                let next = match target {
                    Target::Name(name) if name == to => return Some(self.steps(&came_from, node)),
                    Target::Name(name) => self.defined.get(name).copied(),
                    Target::Section(next) => Some(*next),
                };
                if let Some(next) = next
                    && !came_from.contains_key(&next)
                {
                    came_from.insert(next, Some(node));
                    waiting.push_back(next);
                }
            }
        }
        None
    }

    fn steps(&self, came_from: &HashMap<Node, Option<Node>>, last: Node) -> Vec<String> {
        let mut steps = vec![];
        let mut at = Some(last);
        while let Some(node) = at {
            at = came_from[&node];
            // The entry point itself goes by the name of its operation.
            if at.is_some() {
                steps.push(self.name(node));
            }
        }
        steps.reverse();
        steps
    }

    /// What a section has in it, or else what it is called.
    fn name(&self, (object, section): Node) -> String {
        let object = &self.objects[object];
        let inside = object
            .symbols()
            .find(|symbol| symbol.section_index() == Some(section) && symbol.name() != Ok(""))
            .and_then(|symbol| symbol.name().ok().map(str::to_owned));
        let section = || {
            object
                .section_by_index(section)
                .and_then(|section| section.name().map(str::to_owned))
        };
        let name = inside.unwrap_or_else(|| section().unwrap_or_default());
        format!("{:#}", rustc_demangle::demangle(&name))
    }
}
