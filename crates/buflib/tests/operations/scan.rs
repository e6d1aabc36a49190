//! The public operations of a crate, read from its sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use syn::{Attribute, GenericArgument, ImplItem, Item, PathArguments, TraitItem, Type, UseTree};
use syn::{Visibility, ext::IdentExt};

type Module = Vec<String>;

/// The names of all public functions and methods of a crate, and of the methods of traits that its public types
/// implement or derive.
pub(crate) fn public_operations(sources: &Path) -> BTreeSet<String> {
    let mut scan = Scan::default();
    scan.read(sources, "lib.rs", vec![], true);
    scan.name_exported();
    let mut operations = BTreeSet::new();
    for (module, item) in &scan.items {
        scan.list(module, item, &mut operations);
    }
    operations
}

#[derive(Default)]
struct Scan {
    items: Vec<(Module, Item)>,
    /// Modules whose path is public.
    public: BTreeSet<Module>,
    /// The public name of what is defined somewhere.
    exported: BTreeMap<(Module, String), String>,
}

impl Scan {
    fn read(&mut self, folder: &Path, file: &str, module: Module, public: bool) {
        let path = folder.join(file);
        let text =
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let parsed =
            syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if public {
            self.public.insert(module.clone());
        }
        for item in parsed.items {
            if is_for_tests(attributes(&item)) {
                continue;
            }
            match item {
                Item::Mod(inner) if inner.content.is_none() => {
                    let name = inner.ident.to_string();
                    let public = public && matches!(inner.vis, Visibility::Public(_));
                    let mut path = module.clone();
                    path.push(name.clone());
                    // A module's own modules are in the folder of its name.
                    let inside = if matches!(file, "lib.rs" | "mod.rs") {
                        folder.to_owned()
                    } else {
                        folder.join(file.trim_end_matches(".rs"))
                    };
                    if inside.join(&name).join("mod.rs").exists() {
                        self.read(&inside.join(&name), "mod.rs", path, public);
                    } else {
                        self.read(&inside, &format!("{name}.rs"), path, public);
                    }
                }
                item => self.items.push((module.clone(), item)),
            }
        }
    }

    /// Finds what public modules define, and what they pass on from private ones.
    fn name_exported(&mut self) {
        let mut exported = BTreeMap::new();
        for (module, item) in self.items.iter().filter(|(m, _)| self.public.contains(m)) {
            if let Item::Use(passed_on) = item
                && matches!(passed_on.vis, Visibility::Public(_))
            {
                for path in paths(&passed_on.tree) {
                    let (name, from) = path.split_last().expect("a path has a name");
                    let at = self
                        .definition_of(&absolute(module, from), name)
                        .unwrap_or_else(|| panic!("no definition of {path:?}"));
                    exported.insert(at, public_path(module, name));
                }
            }
            if let Some((Visibility::Public(_), name)) = definition(item) {
                exported.insert((module.clone(), name.clone()), public_path(module, &name));
            }
        }
        self.exported = exported;
    }

    /// Where what a module knows by a name is defined.
    fn definition_of(&self, module: &Module, name: &str) -> Option<(Module, String)> {
        let inside = || {
            self.items
                .iter()
                .filter(|(m, _)| m == module)
                .map(|(_, item)| item)
        };
        if inside().any(|item| definition(item).is_some_and(|(_, defined)| defined == name)) {
            return Some((module.clone(), name.to_owned()));
        }
        inside().find_map(|item| {
            let Item::Use(used) = item else { return None };
            paths(&used.tree).find_map(|path| {
                let (last, from) = path.split_last()?;
                let from = absolute(module, from);
                (last == name && from != *module).then(|| self.definition_of(&from, name))?
            })
        })
    }

    fn list(&self, module: &Module, item: &Item, to: &mut BTreeSet<String>) {
        let exported = |name: &str| self.exported.get(&(module.clone(), name.to_owned()));
        match item {
            Item::Fn(function) => to.extend(exported(&function.sig.ident.to_string()).cloned()),
            Item::Struct(item) => derived(exported(&item.ident.to_string()), &item.attrs, to),
            // Of a type without values nothing can be called.
            Item::Enum(item) if item.variants.is_empty() => {}
            Item::Enum(item) => derived(exported(&item.ident.to_string()), &item.attrs, to),
            Item::Trait(item) => {
                let methods = item.items.iter().filter_map(|item| match item {
                    TraitItem::Fn(method) => Some(method.sig.ident.to_string()),
                    _ => None,
                });
                if let Some(name) = exported(&item.ident.to_string()) {
                    to.extend(methods.map(|method| format!("{name}::{method}")));
                }
            }
            Item::Impl(item) => {
                let Some(name) = self.type_name(module, &item.self_ty) else {
                    return;
                };
                if let Some((_, path, _)) = &item.trait_
                    && self.is_private(module, path)
                {
                    return;
                }
                let of_trait = item.trait_.as_ref().map(|(_, path, _)| trait_name(path));
                for inner in &item.items {
                    if let ImplItem::Fn(method) = inner
                        && (of_trait.is_some() || matches!(method.vis, Visibility::Public(_)))
                    {
                        let by = of_trait
                            .as_ref()
                            .map_or(String::new(), |by| by.clone() + "::");
                        to.insert(format!("{name}::{by}{}", method.sig.ident));
                    }
                }
            }
            _ => {}
        }
    }

    /// The public name of the type that an implementation is for.
    fn type_name(&self, module: &Module, of: &Type) -> Option<&String> {
        let Type::Path(of) = of else { return None };
        let name = of.path.segments.last()?.ident.to_string();
        self.exported.get(&self.definition_of(module, &name)?)
    }

    /// Whether a trait is the library's own and cannot be named outside.
    fn is_private(&self, module: &Module, path: &syn::Path) -> bool {
        let first = path
            .segments
            .first()
            .expect("a path has a name")
            .ident
            .to_string();
        let own_module = self.items.iter().any(|(within, item)| {
            within == module && matches!(item, Item::Mod(inner) if inner.ident == first)
        });
        let defined = self.definition_of(module, &first);
        own_module || defined.is_some_and(|at| !self.exported.contains_key(&at))
    }
}

fn public_path(module: &Module, name: &str) -> String {
    module
        .iter()
        .fold(String::new(), |path, part| path + part + "::")
        + name
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Mod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        _ => &[],
    }
}

/// What is there for tests or trials only.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let list = attribute.meta.require_list();
        let condition = list.map_or(String::new(), |list| list.tokens.to_string());
        attribute.path().is_ident("cfg")
            && ["test", "doctest", "feature = \"trial\""].contains(&condition.as_str())
    })
}

fn definition(item: &Item) -> Option<(&Visibility, String)> {
    match item {
        Item::Struct(item) => Some((&item.vis, item.ident.to_string())),
        Item::Enum(item) => Some((&item.vis, item.ident.to_string())),
        Item::Union(item) => Some((&item.vis, item.ident.to_string())),
        Item::Trait(item) => Some((&item.vis, item.ident.to_string())),
        Item::Type(item) => Some((&item.vis, item.ident.to_string())),
        Item::Fn(item) => Some((&item.vis, item.sig.ident.to_string())),
        _ => None,
    }
}

/// The paths that a `use` names.
fn paths(tree: &UseTree) -> Box<dyn Iterator<Item = Vec<String>> + '_> {
    match tree {
        UseTree::Path(path) => Box::new(paths(&path.tree).map(|mut rest| {
            rest.insert(0, path.ident.unraw().to_string());
            rest
        })),
        UseTree::Name(name) => Box::new(std::iter::once(vec![name.ident.to_string()])),
        UseTree::Rename(renamed) => Box::new(std::iter::once(vec![renamed.ident.to_string()])),
        UseTree::Group(group) => Box::new(group.items.iter().flat_map(paths)),
        UseTree::Glob(_) => panic!("what a glob passes on is not followed"),
    }
}

fn absolute(module: &Module, path: &[String]) -> Module {
    let mut at = module.clone();
    for part in path {
        match part.as_str() {
            "crate" => at.clear(),
            "super" => drop(at.pop()),
            "self" => {}
            _ => at.push(part.clone()),
        }
    }
    at
}

fn trait_name(path: &syn::Path) -> String {
    let last = path.segments.last().expect("a path has a name");
    let mut name = last.ident.to_string();
    if let PathArguments::AngleBracketed(arguments) = &last.arguments {
        for argument in &arguments.args {
            if let GenericArgument::Type(Type::Path(of)) = argument {
                let of = of.path.segments.last().expect("a path has a name");
                name += &format!("<{}>", of.ident);
            }
        }
    }
    name
}

fn derived(name: Option<&String>, attributes: &[Attribute], to: &mut BTreeSet<String>) {
    let Some(name) = name else { return };
    for attribute in attributes.iter().filter(|a| a.path().is_ident("derive")) {
        let result = attribute.parse_nested_meta(|by| {
            let by = by.path.get_ident().expect("a derived trait").to_string();
            let method = match by.as_str() {
                "Clone" => "clone",
                "Debug" => "fmt",
                "Default" => "default",
                "Hash" => "hash",
                "Ord" => "cmp",
                "PartialEq" => "eq",
                "PartialOrd" => "partial_cmp",
                "Copy" | "Eq" => return Ok(()),
                other => panic!("{name} derives {other}, of which the method is not known"),
            };
            to.insert(format!("{name}::{by}::{method}"));
            Ok(())
        });
        result.expect("derived traits");
    }
}
