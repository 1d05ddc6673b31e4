//! Reads expressions, strictly.

use super::selector::{Match, Selector};
use super::{EXPRESSION_CHARS_MAX, Expression, ExpressionError, Sign, WINDOW_SECONDS_MAX, Window};

/// How deep parentheses may go.
const DEPTH_MAX: usize = 8;
/// How many metrics an expression may read.
const READINGS_MAX: usize = 12;
/// The most stars in a pattern; each multiplies the work.
const STARS_MAX: usize = 3;

type Parsed<T> = Result<T, ExpressionError>;

pub(super) fn parse(text: &str) -> Parsed<Expression> {
    if text.trim().is_empty() || text.chars().count() > EXPRESSION_CHARS_MAX {
        return Err(ExpressionError::Length);
    }
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
        readings: 0,
    };
    let expression = parser.sum()?;
    if parser.peek().is_some() {
        return Err(parser.expected("the end, or one of + - * /"));
    }
    Ok(expression)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    readings: usize,
}

impl<'a> Parser<'a> {
    fn expected(&self, what: &str) -> ExpressionError {
        let at = self.text[..self.at].chars().count() + 1;
        let reason = format!("expected {what}");
        ExpressionError::Syntax { at, reason }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Returns the next character that is no space.
    fn peek(&mut self) -> Option<char> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        self.rest().chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn need(&mut self, wanted: char) -> Parsed<()> {
        if self.take(wanted) {
            return Ok(());
        }
        Err(self.expected(&format!("{wanted:?}")))
    }

    /// Takes characters from the front for as long as they are of a sort.
    fn word(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        self.peek();
        let rest = self.rest();
        let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == DEPTH_MAX {
            return Err(self.expected(&format!("at most {DEPTH_MAX} levels of parentheses")));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn sum(&mut self) -> Parsed<Expression> {
        let mut left = self.product()?;
        loop {
            let sign = match self.peek() {
                Some('+') => Sign::Plus,
                Some('-') => Sign::Minus,
                _ => return Ok(left),
            };
            self.at += 1;
            left = Expression::Pair(Box::new(left), sign, Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Parsed<Expression> {
        let mut left = self.factor()?;
        loop {
            let sign = match self.peek() {
                Some('*') => Sign::Times,
                Some('/') => Sign::Per,
                _ => return Ok(left),
            };
            self.at += 1;
            left = Expression::Pair(Box::new(left), sign, Box::new(self.factor()?));
        }
    }

    fn factor(&mut self) -> Parsed<Expression> {
        match self.peek() {
            Some('(') => {
                self.at += 1;
                let inner = self.deeper(Self::sum)?;
                self.need(')')?;
                Ok(inner)
            }
            Some(c) if c.is_ascii_digit() || c == '.' => Ok(Expression::Number(self.number()?)),
            Some(c) if c.is_ascii_alphabetic() || c == '_' => self.named(),
            _ => Err(self.expected("a metric, a function, a number or a parenthesis")),
        }
    }

    fn number(&mut self) -> Parsed<f64> {
        let start = self.at;
        let word = self.word(|c| c.is_ascii_digit() || c == '.');
        let number = word.parse().ok().filter(|number: &f64| number.is_finite());
        number.ok_or_else(|| {
            self.at = start;
            self.expected("a number such as 0.95")
        })
    }

    fn named(&mut self) -> Parsed<Expression> {
        let start = self.at;
        let name = self.word(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':');
        if !self.take('(') {
            return Ok(Expression::Gauge(self.selector(name)?));
        }
        let expression = match name {
            "rate" | "increase" => {
                let (selector, window) = self.over_time()?;
                if name == "rate" {
                    Expression::Rate(selector, window)
                } else {
                    Expression::Increase(selector, window)
                }
            }
            "quantile" => self.quantile()?,
            "share" => self.deeper(Self::share)?,
            _ => {
                self.at = start;
                return Err(self.expected("rate, increase, quantile or share before \"(\""));
            }
        };
        self.need(')')?;
        Ok(expression)
    }

    fn quantile(&mut self) -> Parsed<Expression> {
        self.peek();
        let start = self.at;
        let quantile = self.number()?;
        if quantile > 1.0 {
            self.at = start;
            return Err(self.expected("a quantile from 0 to 1"));
        }
        self.need(',')?;
        let (of, window) = self.over_time()?;
        let least = if self.take(',') {
            self.peek();
            self.number()?
        } else {
            0.0
        };
        Ok(Expression::Quantile {
            quantile,
            of,
            window,
            least,
        })
    }

    fn share(&mut self) -> Parsed<Expression> {
        let part = Box::new(self.sum()?);
        self.need(',')?;
        let whole = Box::new(self.sum()?);
        self.need(',')?;
        self.peek();
        let least = self.number()?;
        Ok(Expression::Share { part, whole, least })
    }

    fn over_time(&mut self) -> Parsed<(Selector, Window)> {
        let name = self.word(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':');
        if name.is_empty() {
            return Err(self.expected("a metric"));
        }
        let selector = self.selector(name)?;
        self.need('[')?;
        let start = self.at;
        let digits = self.word(|c| c.is_ascii_digit());
        let unit = match self.rest().chars().next() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3600,
            _ => 0,
        };
        let seconds = digits
            .parse::<u64>()
            .ok()
            .and_then(|count| count.checked_mul(unit));
        let Some(seconds) = seconds.filter(|seconds| (1..=WINDOW_SECONDS_MAX).contains(seconds))
        else {
            self.at = start;
            return Err(self.expected("a time from 1s to 1h"));
        };
        self.at += 1;
        self.need(']')?;
        Ok((selector, Window(seconds)))
    }

    fn selector(&mut self, name: &str) -> Parsed<Selector> {
        self.readings += 1;
        if self.readings > READINGS_MAX {
            return Err(self.expected(&format!("at most {READINGS_MAX} metrics")));
        }
        let mut labels = Vec::new();
        if self.take('{') {
            loop {
                let label = self.word(|c| c.is_ascii_alphanumeric() || c == '_');
                if label.is_empty() {
                    return Err(self.expected("a label"));
                }
                labels.push((label.to_owned(), self.wanted()?));
                if !self.take(',') {
                    break;
                }
            }
            self.need('}')?;
        }
        labels.sort();
        Ok(Selector {
            name: name.to_owned(),
            labels,
        })
    }

    fn wanted(&mut self) -> Parsed<Match> {
        self.need('=')?;
        let is_pattern = self.rest().starts_with('~');
        self.at += usize::from(is_pattern);
        self.need('"')?;
        let rest = self.rest();
        let Some(length) = rest.find('"') else {
            return Err(self.expected("a closing quote"));
        };
        let value = &rest[..length];
        let foreign: &[char] = if is_pattern {
            &['\\', '[', ']', '(', ')', '{', '}', '+', '?', '^', '$']
        } else {
            &['\\']
        };
        if let Some(place) = value.find(foreign) {
            self.at += place;
            return Err(self.expected("plain characters, or in a pattern also . .* |"));
        }
        if is_pattern && value.matches('*').count() != value.matches(".*").count() {
            return Err(self.expected("a star only behind a dot"));
        }
        if is_pattern && value.matches('*').count() > STARS_MAX {
            return Err(self.expected(&format!("at most {STARS_MAX} stars")));
        }
        self.at += length + 1;
        Ok(if is_pattern {
            Match::Like(value.to_owned())
        } else {
            Match::Is(value.to_owned())
        })
    }
}

#[cfg(test)]
mod tests;
