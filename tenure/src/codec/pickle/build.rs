//! What a pickle builds of classes.

use super::{
    class::{Class, ZONE},
    opcode as op,
    problem::Problem,
    read::Machine,
    tree::{Id, Node},
};

impl Machine<'_> {
    pub(super) fn global(&mut self, code: u8) -> Result<(), Problem> {
        let (module, name) = if code == op::GLOBAL {
            (self.line()?, self.line()?)
        } else {
            let [module, name] = self.pop_many()?;
            match (self.nodes.get(module), self.nodes.get(name)) {
                (Some(Node::Text(module)), Some(Node::Text(name))) => (*module, *name),
                _ => return Err(Problem::Shape("the name of a class is no text")),
            }
        };
        let class = Class::named(module, name)?;
        self.push(Node::Class(class));
        Ok(())
    }

    /// `OrderedDict()`; its items follow as those of a dict. Or a value that JSON has not, whatever it is made of.
    pub(super) fn reduce(&mut self) -> Result<(), Problem> {
        let [callable, arguments] = self.pop_many()?;
        match (self.nodes.get(callable), self.nodes.get(arguments)) {
            (Some(Node::Class(Class::OrderedDict)), Some(Node::Tuple(none))) if none.is_empty() => {
                self.push(Node::Dict(Vec::new()));
                Ok(())
            }
            (Some(&Node::Class(Class::Foreign(class))), Some(Node::Tuple(_))) => {
                self.push(Node::Foreign(class));
                Ok(())
            }
            (Some(Node::Class(Class::GetAttr)), Some(Node::Tuple(arguments)))
                if self.builds_a_zone(arguments) =>
            {
                self.push(Node::Class(Class::Foreign(ZONE)));
                Ok(())
            }
            _ => Err(Problem::Instruction("REDUCE")),
        }
    }

    /// Whether these are the arguments of `getattr(ZoneInfo, "_unpickle")`.
    fn builds_a_zone(&self, arguments: &[Id]) -> bool {
        let [class, name] = arguments else {
            return false;
        };
        matches!(
            (self.nodes.get(*class), self.nodes.get(*name)),
            (
                Some(Node::Class(Class::Foreign(ZONE))),
                Some(Node::Text(b"_unpickle"))
            )
        )
    }

    /// `SafeString(text)`: the text. Or a value that JSON has not.
    pub(super) fn new_object(&mut self) -> Result<(), Problem> {
        let [class, arguments] = self.pop_many()?;
        let text = match (self.nodes.get(class), self.nodes.get(arguments)) {
            (Some(&Node::Class(Class::Foreign(class))), Some(Node::Tuple(_))) => {
                self.push(Node::Foreign(class));
                return Ok(());
            }
            (Some(Node::Class(Class::SafeString)), Some(Node::Tuple(arguments))) => {
                match arguments.as_slice() {
                    [text] => *text,
                    _ => return Err(Problem::Instruction("NEWOBJ")),
                }
            }
            _ => return Err(Problem::Instruction("NEWOBJ")),
        };
        if !matches!(self.nodes.get(text), Some(Node::Text(_) | Node::Line(_))) {
            return Err(Problem::Instruction("NEWOBJ"));
        }
        self.stack.push(text);
        Ok(())
    }

    /// A value that JSON has not, and that gets something more, stays what it is.
    pub(super) fn foreign_stays(&mut self, instruction: &'static str) -> Result<(), Problem> {
        let value = self.pop()?;
        self.stack.push(value);
        match self.nodes.get(value) {
            Some(Node::Foreign(_)) => Ok(()),
            _ => Err(Problem::Instruction(instruction)),
        }
    }
}
