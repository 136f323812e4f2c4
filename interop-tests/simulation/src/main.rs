use causeway_simulation::{graph, search, shrink};
fn main() {
    let args: Vec<u64> = std::env::args().skip(1).map(|a| a.parse().unwrap()).collect();
    let t = std::time::Instant::now();
    let s = search((args[0], args[1]), 2, |seed| { let (setup, steps) = graph::generate(seed); 
       let r = std::panic::catch_unwind(|| graph::play(setup, &steps, false));
       match r { Ok((f,_,r)) => (f, r), Err(_) => { println!("PANIC {seed}"); (Default::default(), Ok(())) } } }, |_| {});
    println!("{} seeds {:?} {:.1}s", s.seeds, s.figures, t.elapsed().as_secs_f64());
    if let Some((seed, f)) = s.failure {
        println!("seed {seed}: {f}");
        let (setup, steps) = graph::generate(seed);
        let left = shrink(&steps, |s| graph::play(setup, s, false).2.is_err_and(|g| g.invariant == f.invariant));
        println!("{setup:?}");
        for s in &left { println!("{s:?}"); }
        let (_, trace, r) = graph::play(setup, &left, true);
        for l in trace.iter().take(12).chain(trace.iter().skip(12).rev().take(40).collect::<Vec<_>>().into_iter().rev()) { println!("{}", &l[..l.len().min(300)]); }
        println!("{}", r.unwrap_err());
    }
}
