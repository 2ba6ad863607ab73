//! Which file of a crate uses which: every path in its production code, followed through whatever passes a name on to
//! the file that has it. Methods are not seen: that needs types.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ItemMod, ItemUse, Macro, Meta, UseTree, Visibility};

/// The files of a crate, and for each of them the others that it uses.
pub(crate) type Uses = BTreeMap<String, BTreeSet<String>>;

/// A path as it is written, or the way from the crate's root to a module.
type Names = Vec<String>;

/// What stands in one file.
#[derive(Default)]
struct File {
    children: BTreeSet<String>,
    /// What each `use` brings in: the name, where it comes from, and whether it is passed on.
    brought: Vec<(String, Names, bool)>,
    /// All other paths.
    paths: Vec<Names>,
}

/// The uses among the files below `root`; `text` gives the text of the file with this path, if there is one.
pub(crate) fn uses(root: &str, text: impl Fn(&str) -> Option<String>) -> Uses {
    let mut files = BTreeMap::new();
    let mut paths = BTreeMap::from([(Names::new(), root.to_owned())]);
    let mut unread = vec![Names::new()];
    while let Some(module) = unread.pop() {
        let mut file = File::default();
        file.visit_file(&syn::parse_file(&text(&paths[&module]).unwrap()).unwrap());
        for child in &file.children {
            let child = [&module[..], slice::from_ref(child)].concat();
            let mut found = ["", "/mod"].map(|end| format!("{}{end}.rs", child.join("/"))).into_iter();
            let path = found.find(|path| text(path).is_some()).expect("the module has a file");
            paths.insert(child.clone(), path);
            unread.push(child);
        }
        files.insert(module, file);
    }
    let used = |module: &Names| homes(&files, module).into_iter().map(|home| paths[&home].clone()).collect();
    files.keys().map(|module| (paths[module].clone(), used(module))).collect()
}

/// The modules that have what `module` uses. Passing on what a child has is no use of it.
fn homes(files: &BTreeMap<Names, File>, module: &Names) -> BTreeSet<Names> {
    let file = &files[module];
    let brought = file.brought.iter().filter_map(|(_, from, passed_on)| {
        home(files, module, from).filter(|home| !(*passed_on && home.starts_with(module)))
    });
    let paths = file.paths.iter().filter_map(|path| home(files, module, path));
    brought.chain(paths).filter(|home| home != module).collect()
}

/// The module that has what `path` names in `module`. `None` for what is of another crate or of the file itself, and for
/// a module as a whole: what is used of it has a path of its own.
fn home(files: &BTreeMap<Names, File>, module: &Names, path: &[String]) -> Option<Names> {
    let (first, rest) = path.split_first()?;
    match first.as_str() {
        "crate" => home_below(files, Names::new(), rest),
        "self" => home_below(files, module.clone(), rest),
        "super" => {
            let parent = module[..module.len() - 1].to_vec();
            if rest.first().is_some_and(|next| next == "super") {
                home(files, &parent, rest)
            } else {
                home_below(files, parent, rest)
            }
        }
        _ if files[module].knows(first) => home_below(files, module.clone(), path),
        _ => None,
    }
}

/// The same for a path that goes down from `module`.
fn home_below(files: &BTreeMap<Names, File>, mut module: Names, path: &[String]) -> Option<Names> {
    let (first, rest) = path.split_first()?;
    let file = &files[&module];
    match file.origin(first) {
        // A module may share its name with what it has; then a path that ends here means the latter.
        Some(from) if rest.is_empty() || !file.children.contains(first) => home(files, &module, &[from, rest].concat()),
        _ if file.children.contains(first) => {
            module.push(first.clone());
            home_below(files, module, rest)
        }
        _ => Some(module),
    }
}

impl File {
    fn knows(&self, name: &String) -> bool {
        self.children.contains(name) || self.origin(name).is_some()
    }

    /// Where a name comes from that a `use` brings in; of a crate by its own name that is nowhere.
    fn origin(&self, name: &String) -> Option<&Names> {
        let ours = |from: &Names| from[0] != *name || from.len() > 1 && self.children.contains(name);
        self.brought.iter().find(|(brought, from, _)| brought == name && ours(from)).map(|(_, from, _)| from)
    }

    fn bring(&mut self, before: &[String], tree: &UseTree, passed_on: bool) {
        let with = |name: String| [before, &[name]].concat();
        let (name, from) = match tree {
            UseTree::Path(path) => return self.bring(&with(path.ident.to_string()), &path.tree, passed_on),
            UseTree::Group(group) => return group.items.iter().for_each(|tree| self.bring(before, tree, passed_on)),
            UseTree::Name(name) if name.ident == "self" => (before.last().unwrap().clone(), before.to_vec()),
            UseTree::Name(name) => (name.ident.to_string(), with(name.ident.to_string())),
            UseTree::Rename(name) => (name.rename.to_string(), with(name.ident.to_string())),
            UseTree::Glob(_) => ("*".to_owned(), with("*".to_owned())),
        };
        self.brought.push((name, from, passed_on));
    }

    /// The paths among tokens that no grammar is known for. A name behind a dot is a field or a method.
    fn scan(&mut self, tokens: TokenStream) {
        let (mut path, mut before) = (Names::new(), String::new());
        for token in tokens {
            match &token {
                TokenTree::Ident(name) if before == "::" => path.push(name.to_string()),
                TokenTree::Ident(name) => {
                    self.paths.push(std::mem::take(&mut path));
                    path.extend((before != ".").then(|| name.to_string()));
                }
                TokenTree::Group(group) => self.scan(group.stream()),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
            let colon = matches!(&token, TokenTree::Punct(one) if one.as_char() == ':');
            before = if colon && before == ":" { "::".to_owned() } else { token.to_string() };
        }
        self.paths.push(path);
    }
}

impl<'ast> Visit<'ast> for File {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let for_tests = |one: &Attribute| matches!(&one.meta, Meta::List(cfg) if cfg.path.is_ident("cfg") && cfg.tokens.to_string() == "test");
        if item.attrs.iter().any(for_tests) {
            return;
        }
        match &item.content {
            None => drop(self.children.insert(item.ident.to_string())),
            Some(_) => visit::visit_item_mod(self, item),
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.bring(&[], &item.tree, !matches!(item.vis, Visibility::Inherited));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.paths.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast Macro) {
        self.scan(called.tokens.clone());
        visit::visit_macro(self, called);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.scan(list.tokens.clone());
        }
    }

    /// Who may see something uses nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}
