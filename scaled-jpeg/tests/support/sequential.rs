//! Blocks of baseline and extended sequential scans (F.1.2).

use super::{
    picture::Block,
    token::{Class, Token, category, magnitude},
};

/// The block after one whose first coefficient was `previous`.
pub(crate) fn block(block: &Block, previous: i16, slots: (u8, u8), out: &mut Vec<Token>) {
    let difference = i32::from(block[0]) - i32::from(previous);
    out.push(Token::Code { class: Class::Dc, slot: slots.0, symbol: category(difference) });
    out.push(magnitude(difference));
    let code = |symbol| Token::Code { class: Class::Ac, slot: slots.1, symbol };
    let mut run = 0;
    for &coefficient in &block[1..] {
        if coefficient == 0 {
            run += 1;
            continue;
        }
        while run > 15 {
            out.push(code(0xf0));
            run -= 16;
        }
        let value = i32::from(coefficient);
        out.push(code(run << 4 | category(value)));
        out.push(magnitude(value));
        run = 0;
    }
    if run > 0 {
        out.push(code(0));
    }
}
