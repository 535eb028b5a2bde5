use sekisho_crs_test::*;
use sekisho_edge::http1::{Framer, Limits, Step};
use sekisho_model::SourceFile;
fn walk(p:&std::path::Path,out:&mut Vec<std::path::PathBuf>){ if p.is_dir(){ let mut e:Vec<_>=std::fs::read_dir(p).unwrap().map(|e|e.unwrap().path()).collect(); e.sort(); for x in e{walk(&x,out)} } else if p.extension().is_some_and(|e|e=="yaml"||e=="yml"){out.push(p.to_owned())} }
fn main(){
 let mut files=vec![]; walk(std::path::Path::new("/work/shared/data/crs/regression"),&mut files);
 let mut n=0;
 for f in files { let text=std::fs::read_to_string(&f).unwrap();
  let file=match TestFile::read(&SourceFile::new(f.to_string_lossy(),text)){Ok(f)=>f,Err(e)=>{println!("{}",e.render(false));continue}};
  for t in &file.tests { n+=1; for s in &t.stages {
   let bytes=wire::request(&s.input,&wire::Memory::default());
   let mut fr=Framer::new(Limits::default()); let mut at=0; let mut heads=0;
   let r=loop{ match fr.step(&bytes[at..]) { Ok(Step::More)=>break if at<bytes.len(){Err(format!("incomplete {} left", bytes.len()-at))}else if fr.is_in_body(){Err("body incomplete".to_owned())}else{Ok(())}, Ok(Step::Drop{bytes})|Ok(Step::Body{bytes,..})|Ok(Step::Tunnel{bytes})=>at+=bytes, Ok(Step::Head{bytes})=>{heads+=1;at+=bytes}, Ok(Step::AwaitUpgrade)=>break Err("upgrade".into()), Ok(Step::Closed)=>break if at<bytes.len(){Err(format!("closed, {} left",bytes.len()-at))}else{Ok(())}, Err(e)=>break Err(format!("{e} -> {}", e.status())) } };
   if let Err(e)=r { println!("{} heads={heads} {e}  {:?}", t.id, s.expectation); }
  }}
 }
 println!("{n}");
}
